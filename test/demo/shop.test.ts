import { expect, test } from 'vitest'
import { startShop } from '../../src/demo/shop.ts'
import { faultOf } from '../support/services.ts'

test('what is told it is heard, what is fetched is a PDF, and a taken port is named', async () => {
  const shop = await startShop(0)
  const told: string[][] = []
  shop.onTold((path, body) => told.push([path, body]))
  expect((await fetch(`${shop.url}/crm`, { method: 'POST', body: '{"contact":"ada"}' })).status).toBe(204)
  const file = await fetch(`${shop.url}/guide`)
  expect([file.headers.get('content-type'), (await file.text()).slice(0, 5)]).toEqual(['application/pdf', '%PDF-'])
  expect(told).toEqual([['/crm', '{"contact":"ada"}']])
  expect(JSON.stringify(await faultOf(startShop(Number(new URL(shop.url).port))))).toContain('CONFIG_INVALID')
  await shop.close()
})
