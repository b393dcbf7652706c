import type { Facts } from '../facts.ts'
import type { EnrollmentState } from './enrollment.ts'

/**
 * What path expressions (`event.cartId`, `contact.attributes.plan`, `vars.coupon`, `key`) and templates
 * reach into. `event` is the properties of the event that started the enrollment.
 */
export function pathScope(enrollment: EnrollmentState, facts: Facts) {
  return {
    event: enrollment.trigger.event?.properties ?? {},
    contact: { externalId: facts.contact.externalId, attributes: facts.contact.attributes, tags: facts.contact.tags, locale: facts.contact.locale },
    vars: enrollment.vars,
    key: enrollment.key,
  }
}
