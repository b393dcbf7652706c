/** What the input of a mutation that answers a secret says of its idempotency key. */
export const TOLD_AGAIN =
  'Repeating the mutation with the same key does nothing and answers the same, the secret included, which is kept sealed for that for 30 days; 1 to 200 characters.'
