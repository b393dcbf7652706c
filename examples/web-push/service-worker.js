importScripts('./graphql.js')

const REPORT = `mutation ($id: ID!, $status: ReportableStatus!) {
  reportMessage(input: { id: $id, status: $status }) { message { id } userErrors { message } }
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

/** The push service tells nobody what became of a message; whoever showed it does. A report that fails must not fail the message. */
async function report(data, status) {
  const cache = await caches.open('throughline')
  const account = await (await cache.match('./throughline-account'))?.json()
  if (account && data?.throughline_message) await self.ask(account, REPORT, { id: data.throughline_message, status }).catch(() => {})
}

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
