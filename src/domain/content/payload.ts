import type { Json } from '../json.ts'
import type { Report } from '../shape.ts'

const encoder = new TextEncoder()

/** Bytes of a text in UTF-8, by which push services count. */
export function bytesOf(text: string): number {
  return encoder.encode(text).length
}

/** Whether some text in it is a template, whose length nobody knows before it is rendered. */
export function holdsLiquid(value: Json | undefined): boolean {
  if (typeof value === 'string') return /\{[{%]/.test(value)
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsLiquid)
}

/** Refuses when it is saved what would be refused at every send; what holds Liquid is measured when it is sent. */
export function fits(content: Json, payload: string, most: number, path: readonly string[], report: Report): boolean {
  if (holdsLiquid(content)) return true
  const bytes = bytesOf(payload)
  if (bytes > most) report(path, `is too large: ${bytes} bytes where at most ${most} are carried`)
  return bytes <= most
}
