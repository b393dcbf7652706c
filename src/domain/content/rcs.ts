import { type Infer, object, text } from '../shape.ts'
import type { ContentKind } from './content-kind.ts'

const shape = object({
  body: text({ title: 'Text', max: 3_072 }),
})

export type RcsContent = Infer<typeof shape>
export const RCS: ContentKind<RcsContent> = { shape }
