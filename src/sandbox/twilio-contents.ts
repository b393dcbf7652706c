import { contentSid, type SandboxTemplate, type TemplateComponent } from './whatsapp-templates.ts'

/** A template as Twilio's Content API has it: https://www.twilio.com/docs/content/content-types-overview. Its places are numbered throughout, not part by part. */
export function contentOf(template: Pick<SandboxTemplate, 'components'>): Record<string, object> {
  let places = 0
  const renumber = (text = '') => text.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => (/^\d+$/.test(name) ? `{{${++places}}}` : whole))
  const part = (components: readonly TemplateComponent[]) => {
    const find = (type: string) => components.find((each) => each.type === type)
    const body = renumber(find('BODY')?.text)
    const media = find('HEADER') === undefined ? {} : { media: [renumber('https://cdn.shop.example/{{1}}')] }
    const actions = (find('BUTTONS')?.buttons ?? []).map(({ type, text, url }) =>
      type === 'URL' ? { type, title: text, url: renumber(url) } : { type, title: text, id: text.toLowerCase() },
    )
    return { body, ...media, ...(actions.length > 0 ? { actions } : {}) }
  }
  const whole = part(template.components)
  const cards = template.components.find((each) => each.type === 'CAROUSEL')?.cards
  if (cards !== undefined) return { 'twilio/carousel': { ...whole, cards: cards.map(({ components }) => part(components)) } }
  if (whole.media !== undefined) return { [whole.actions === undefined ? 'twilio/media' : 'twilio/card']: whole }
  if (whole.actions === undefined) return { 'twilio/text': whole }
  return { [whole.actions.every(({ type }) => type === 'QUICK_REPLY') ? 'twilio/quick-reply' : 'twilio/call-to-action']: whole }
}

/** One page of GET /v1/ContentAndApprovals. */
export function contentsPage(account: string, templates: readonly SandboxTemplate[], query: URLSearchParams): object {
  const size = Math.min(Number(query.get('PageSize') ?? 50) || 50, 500)
  const page = Number(query.get('Page') ?? 0) || 0
  const url = '/v1/ContentAndApprovals'
  const contents = templates.slice(page * size, (page + 1) * size).map((each) => ({
    sid: contentSid(each),
    account_sid: account,
    friendly_name: each.name,
    // Twilio writes languages without the country where there is but one.
    language: each.language.split('_')[0],
    variables: {},
    types: contentOf(each),
    approval_requests: {
      name: each.name,
      category: each.category,
      content_type: Object.keys(contentOf(each))[0],
      status: each.status.toLowerCase(),
      rejection_reason: '',
    },
    date_created: '2026-01-01T00:00:00Z',
    date_updated: '2026-01-01T00:00:00Z',
  }))
  const meta = { key: 'contents', page, page_size: size, url, first_page_url: url, previous_page_url: null, next_page_url: null }
  return { contents, meta }
}
