/**
 * Runs an operation of the API with a contact's own token; throws what the API says is wrong. A plain script, because
 * the service worker loads it too, and modules are not for every browser's.
 */
self.ask = async ({ api, token }, query, variables = {}) => {
  const response = await fetch(`${api}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = await response.json()
  if (errors) throw new Error(errors[0].message)
  for (const payload of Object.values(data)) {
    if (payload?.userErrors?.[0]) throw new Error(payload.userErrors[0].message)
  }
  return data
}
