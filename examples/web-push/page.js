import './graphql.js'

const ADD = `mutation ($input: AddIdentityInput!) {
  addIdentity(input: $input) { identity { id } userErrors { message } }
}`
const REMOVE = `mutation ($id: ID!) {
  removeIdentity(input: { id: $id }) { contact { id } userErrors { message } }
}`

/**
 * Subscribes this browser with the workspace's key and registers it as an address of the contact. To be called at every
 * visit: it changes nothing where nothing has changed, and a browser that has renewed its subscription is reached again.
 * `as`: { api, token, externalId }.
 */
export async function subscribe(as) {
  const { webPushPublicKey } = await self.ask(as, '{ webPushPublicKey }')
  if (!webPushPublicKey) return 'Web push is not connected in this workspace.'
  const registration = await navigator.serviceWorker.register('./service-worker.js')
  await navigator.serviceWorker.ready
  const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: webPushPublicKey })
  const input = { contact: { externalId: as.externalId }, channel: 'WEB_PUSH', address: JSON.stringify(subscription) }
  const { addIdentity } = await self.ask(as, ADD, { input })
  await tellWorker({ ...as, identity: addIdentity.identity.id })
  return 'This browser is written to.'
}

/** Forgets the browser at both ends. */
export async function unsubscribe(as) {
  const registration = await navigator.serviceWorker.getRegistration('./')
  const subscription = await registration?.pushManager.getSubscription()
  const known = await (await caches.open('throughline')).match('./throughline-account')
  const { identity } = (await known?.json()) ?? {}
  if (identity) await self.ask(as, REMOVE, { id: identity })
  await subscription?.unsubscribe()
  await caches.delete('throughline')
  return 'This browser is not written to.'
}

/** A service worker has no local storage, and runs when no page is there to ask: what it needs lies in a cache. */
async function tellWorker(account) {
  const cache = await caches.open('throughline')
  await cache.put('./throughline-account', new Response(JSON.stringify(account)))
}
