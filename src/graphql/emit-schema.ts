import { mkdir, writeFile } from 'node:fs/promises'
import { buildApiSchema, printApiSchema } from './schema.ts'

await mkdir('schema', { recursive: true })
await writeFile('schema/schema.graphql', printApiSchema(buildApiSchema()))
