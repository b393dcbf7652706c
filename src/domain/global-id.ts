/** base64url of `Type:id`, which is ASCII. The one way an id leaves: over GraphQL, and in what webhooks tell. */
export function encodeGlobalId(type: string, id: string): string {
  return btoa(`${type}:${id}`).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
}
