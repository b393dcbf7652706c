importScripts('./graphql.js')

const REPORT = `mutation ($id: ID!, $status: ReportableStatus!) {
  reportMessage(input: { id: $id, status: $status }) { message { id } userErrors { message } }
}`

const ADD = `mutation ($input: AddIdentityInput!) {
  addIdentity(input: $input) { identity { id } userErrors { message } }
}`

/** The payload is made for this: title apart, it is what showNotification takes. A message sent twice has one tag, and shows once. */
self.addEventListener('push', (event) => {
  const { title, ...options } = event.data.json()
  event.waitUntil(Promise.all([self.registration.showNotification(title, options), report(options.data, 'DELIVERED')]))
})

self.addEventListener('notificationclick', (event) => {
  const { data } = event.notification
  event.notification.close()
  const target = data.actions?.[event.action] ?? data.url
  event.waitUntil(Promise.all([report(data, 'CLICKED'), target ? self.clients.openWindow(target) : null]))
})

/** The browser has a new subscription; the API is told which one it takes the place of, so that what is on its way arrives. */
self.addEventListener('pushsubscriptionchange', (event) => event.waitUntil(renew(event)))

async function renew({ oldSubscription, newSubscription }) {
  const account = await readAccount()
  if (!account) return
  const subscription = newSubscription ?? (await self.registration.pushManager.subscribe(oldSubscription.options))
  const input = {
    contact: { externalId: account.externalId },
    channel: 'WEB_PUSH',
    address: JSON.stringify(subscription),
    replaces: account.identity,
  }
  await self.ask(account, ADD, { input })
}

async function readAccount() {
  const cache = await caches.open('throughline')
  return (await cache.match('./throughline-account'))?.json()
}

/** The push service tells nobody what became of a message; whoever showed it does. A report that fails must not fail the message. */
async function report(data, status) {
  const account = await readAccount()
  if (account && data?.throughline_message) await self.ask(account, REPORT, { id: data.throughline_message, status }).catch(() => {})
}

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
