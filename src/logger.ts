import { type Logger, pino } from 'pino'

export type { Logger }

/** JSON lines on standard output. Keys, tokens and addresses never reach it: callers log ids, and headers are not logged. */
export function createLogger(level: string): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { error: pino.stdSerializers.err } })
}
