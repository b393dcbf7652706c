import type { Channel } from '../../domain/channel.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { TemplateVariant } from '../../domain/template.ts'
import type { Client } from '../ask.ts'
import { run, type Statement } from '../sql.ts'

/** What the sender reads once and keeps: none of it changes under its key. */
const VERSION: Statement = {
  name: 'sending_template',
  text: `SELECT t.channel, v.variants, v.variables, v.partials FROM template_version v JOIN template t ON t.id = v.template_id
    WHERE v.template_id = $1 AND v.number = $2`,
}

export interface TemplateVersionRow {
  /** Of variants that name none. */
  channel: Channel
  variants: TemplateVariant[]
  variables: { name: string; required: boolean; default: string | null }[]
  partials: Record<string, string> | null
}

export async function readTemplateVersion(client: Client, templateId: string, number: number): Promise<TemplateVersionRow | null> {
  return (await run<TemplateVersionRow>(client, VERSION, [templateId, number]))[0] ?? null
}

const CONNECTION: Statement = {
  name: 'sending_connection',
  text: 'SELECT id, workspace_id, provider, base_url, credentials, settings FROM provider_connection WHERE id = $1',
}

export interface ConnectionRow {
  id: string
  workspace_id: string
  provider: string
  base_url: string | null
  credentials: Buffer
  settings: JsonObject
}

export async function readConnection(client: Client, id: string): Promise<ConnectionRow | null> {
  return (await run<ConnectionRow>(client, CONNECTION, [id]))[0] ?? null
}

const ADDRESS: Statement = { name: 'sending_address', text: 'SELECT address FROM channel_identity WHERE lane = $1 AND id = $2' }

export async function readAddress(client: Client, lane: number, identityId: string): Promise<Buffer | null> {
  return (await run<{ address: Buffer }>(client, ADDRESS, [lane, identityId]))[0]?.address ?? null
}

const ATTACHMENT: Statement = {
  name: 'sending_attachment',
  text: 'SELECT name, content_type, content FROM attachment WHERE workspace_id = $1 AND id = $2',
}

export interface AttachedRow {
  name: string
  content_type: string
  content: Buffer
}

export async function readAttachment(client: Client, workspaceId: string, id: string): Promise<AttachedRow | null> {
  return (await run<AttachedRow>(client, ATTACHMENT, [workspaceId, id]))[0] ?? null
}
