import { abandonedCart } from './abandoned-cart.ts'
import { cartWhatsappFirst } from './cart-whatsapp-first.ts'
import { inboundWhatsapp } from './inbound-whatsapp.ts'
import type { JourneyTemplate } from './journey-template.ts'
import { kycOnboarding } from './kyc-onboarding.ts'
import { leadReEngagement } from './lead-re-engagement.ts'
import { onboarding } from './onboarding.ts'
import { orderDelivery } from './order-delivery.ts'
import { postPurchase } from './post-purchase.ts'
import { stopAtFirstOpen } from './stop-at-first-open.ts'
import { weekLongPromotion } from './week-long-promotion.ts'
import { winBack } from './win-back.ts'

/** Journeys ready to be made one's own. */
export const JOURNEY_TEMPLATES: readonly JourneyTemplate[] = [
  abandonedCart,
  kycOnboarding,
  orderDelivery,
  winBack,
  onboarding,
  cartWhatsappFirst,
  weekLongPromotion,
  postPurchase,
  leadReEngagement,
  stopAtFirstOpen,
  inboundWhatsapp,
]

export function journeyTemplate(key: string): JourneyTemplate | undefined {
  return JOURNEY_TEMPLATES.find((each) => each.key === key)
}
