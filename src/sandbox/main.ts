import { readConfig } from '../config.ts'
import { startSandbox } from './sandbox.ts'

/** The sandbox as a process of its own, for compositions of containers; `npm start` runs it beside the rest. */
const { host, sandboxPort } = readConfig()
const sandbox = await startSandbox({ host, port: sandboxPort })
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void sandbox.close())
