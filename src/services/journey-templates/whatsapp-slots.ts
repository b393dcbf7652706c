import type { JsonObject } from '../../domain/json.ts'
import type { Slot } from './journey-template.ts'

/** Words to begin with need a template the provider has approved: the sandbox's has one variable. */
export const approved = (title: string): Slot => ({
  channel: 'whatsapp',
  title,
  content: {
    category: 'UTILITY',
    template: { name: 'greeting', language: 'en_US', variables: { first_name: '{{ contact.firstName | default: "there" }}' } },
  },
})

/** Within a day of somebody's writing, words are free. */
export const answer = (title: string, session: JsonObject): Slot => ({ channel: 'whatsapp', title, content: { category: 'SERVICE', session } })
