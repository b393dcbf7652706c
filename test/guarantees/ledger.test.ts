import { afterAll, beforeAll, expect, test } from 'vitest'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import { sandboxSubscription } from '../../src/sandbox/web-push-accounts.ts'
import { contentSid } from '../../src/sandbox/whatsapp-templates.ts'
import { CUTS, type Cut, GUARANTEES } from './cases.ts'
import { openRig, type Rig, type Settled, type Subject } from './rig.ts'

/**
 * What docs/guarantees.md promises, brought about: a worker is killed at each cut of the send ledger, others clean up after it,
 * and the sandbox's log is counted. What an adapter makes of 503, resets and hangs is test/channels/contract.ts's.
 */
let rig: Rig
beforeAll(async () => {
  rig = await openRig()
})
afterAll(() => rig.close())

const number = (n: number) => `+1555123${String(n).padStart(2, '0')}04`
const mail = (n: number) => `ignorer.${n}@shop.example`
const MAIL = { subject: 'Your order', html: '<p>On its way</p>' }
const TEMPLATE = { name: 'order_update', language: 'en_US' }
const SUBJECTS: Readonly<Record<string, Subject>> = {
  in_app: { channel: 'in_app', provider: null, content: { surface: 'INBOX', title: 'Your order' }, address: () => '' },
  webpush: {
    channel: 'web_push',
    provider: 'webpush',
    content: { title: 'Your order', body: 'On its way' },
    address: (n, { origin }) =>
      JSON.stringify(sandboxSubscription(`browser-${n}`, sandboxCredentials('guarantees').webpush.settings.publicKey, origin)),
  },
  fcm: { channel: 'push', provider: 'fcm', content: { title: 'Your order', body: 'On its way' }, address: (n) => `ignorer-device-guarantees-${n}` },
  sendgrid: { channel: 'email', provider: 'sendgrid', content: MAIL, address: mail },
  smtp: { channel: 'email', provider: 'smtp', content: MAIL, address: mail },
  twilio: { channel: 'sms', provider: 'twilio', content: { body: 'On its way' }, address: number },
  twilio_whatsapp: {
    channel: 'whatsapp',
    provider: 'twilio_whatsapp',
    content: { category: 'UTILITY', template: { sid: contentSid(TEMPLATE), variables: { 1: 'Ada', 2: '7', 3: '7' } } },
    address: number,
  },
  meta: {
    channel: 'whatsapp',
    provider: 'meta',
    content: { category: 'UTILITY', template: { ...TEMPLATE, body: ['Ada', '7'], buttons: [{ index: 0, type: 'URL', value: '7' }] } },
    address: number,
  },
  twilio_rcs: { channel: 'rcs', provider: 'twilio_rcs', content: { body: 'On its way' }, address: number },
}

/** Of these the log shows that name. FCM's is in test/channels/fcm.test.ts: our id, whatever the attempt. */
const COLLAPSING = new Set(['webpush', 'smtp'])

/** Kills over one message and answers what came of it: how many times it was accepted, and where it stands. */
async function ending(settled: Settled, cut: Cut, whenUnknown: 'HOLD' | 'RESEND'): Promise<{ id: string; ending: string }> {
  const { id, contactId } = await settled.plan(whenUnknown)
  // Twilio is asked by address and instant: a second message to the same person leaves it without an answer.
  if (cut === 'sent, called back' || cut === 'sent, silence') await settled.companion(contactId)
  await settled.kill(id, cut)
  await settled.sweep(id)
  if (cut === 'sent, called back') await settled.callBack(id)
  await settled.wait(id)
  await settled.wait(id)
  return { id, ending: `${await settled.count(id)} ${await settled.status(id)}` }
}

test.each(GUARANTEES.filter(({ channel }) => channel !== 'webhook'))('$provider', async ({ provider, endings }) => {
  const subject = SUBJECTS[provider] ?? expect.fail(`no subject for ${provider}`)
  const settled = await rig.settle(subject)
  for (const cut of CUTS) {
    if (endings[cut] === null) continue
    const hold = await ending(settled, cut, 'HOLD')
    const resend = await ending(settled, cut, 'RESEND')
    const both = hold.ending === resend.ending ? hold.ending : `${hold.ending} / ${resend.ending}`
    expect([cut, both]).toEqual([cut, endings[cut]])
    // What came twice came under the one name by which a device, or a mailbox, lets the second take the first one's place.
    const names = (await settled.accepted(resend.id)).map(({ headers, providerMessageId }) => headers?.topic ?? providerMessageId)
    if (COLLAPSING.has(provider)) expect(new Set(names).size).toBe(1)
  }
})
