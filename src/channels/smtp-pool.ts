import type { SmtpFault } from './smtp-codes.ts'
import { type Deadline, openSession, type SmtpServer, type SmtpSession } from './smtp-session.ts'

export interface SmtpSessions {
  /** Runs one transaction in a session of its own, or says why there was none. */
  run(deadline: Deadline, transact: (session: SmtpSession) => Promise<SmtpFault | null>): Promise<SmtpFault | null>
  close(): void
}

/** Servers count connections by address; ten is what many allow. */
const MOST_SESSIONS = 8
/** Servers end a session after so many mails at latest, and an idle one after some minutes: ours end first. */
const MOST_MAILS = 100
const IDLE_FOR = 20_000

const notSent = (code: string, message: string): SmtpFault => ({ stage: 'connect', reply: null, code, message, begun: false })

/** Sessions of one server, used again while they are good, in turn with those who wait. */
export function openSessions(server: SmtpServer, most = MOST_SESSIONS): SmtpSessions {
  const idle: { session: SmtpSession; sent: number; timer: NodeJS.Timeout }[] = []
  const live = new Set<SmtpSession>()
  const waiting: (() => void)[] = []
  let busy = 0
  let closed = false

  /** A place among those who may have a session; false where none came free in time. */
  async function enter(deadline: Deadline): Promise<boolean> {
    while (busy >= most && !closed) {
      let wake = () => {}
      const free = new Promise<true>((next) => {
        wake = () => next(true)
        waiting.push(wake)
      })
      if ((await Promise.race([free, deadline.passed])) === null) {
        const at = waiting.indexOf(wake)
        // Woken in the same moment as late: whoever comes next is woken instead.
        if (at < 0) waiting.shift()?.()
        else waiting.splice(at, 1)
        return false
      }
    }
    busy += 1
    return true
  }
  function leave(): void {
    busy -= 1
    waiting.shift()?.()
  }

  async function take(deadline: Deadline): Promise<{ session: SmtpSession; sent: number } | SmtpFault> {
    for (let kept = idle.pop(); kept !== undefined; kept = idle.pop()) {
      clearTimeout(kept.timer)
      if (kept.session.usable) return kept
      live.delete(kept.session)
    }
    const session = await openSession(server, deadline)
    if ('stage' in session) return session
    if (closed) session.close()
    else live.add(session)
    return { session, sent: 0 }
  }

  function end(session: SmtpSession): void {
    live.delete(session)
    session.close()
  }

  function give(session: SmtpSession, sent: number): void {
    if (closed || sent >= MOST_MAILS || !session.usable) return end(session)
    const entry = {
      session,
      sent,
      timer: setTimeout(() => {
        idle.splice(idle.indexOf(entry), 1)
        end(session)
      }, IDLE_FOR),
    }
    entry.timer.unref()
    idle.push(entry)
  }

  return {
    async run(deadline, transact) {
      if (!(await enter(deadline))) return notSent('TIMEOUT', 'No session came free in time.')
      try {
        if (closed) return notSent('CLOSED', 'The connection is closed.')
        const taken = await take(deadline)
        if ('stage' in taken) return taken
        const fault = await transact(taken.session)
        give(taken.session, taken.sent + 1)
        return fault
      } finally {
        leave()
      }
    },
    close() {
      closed = true
      for (const { timer } of idle.splice(0)) clearTimeout(timer)
      for (const session of [...live]) end(session)
      for (const next of waiting.splice(0)) next()
    },
  }
}
