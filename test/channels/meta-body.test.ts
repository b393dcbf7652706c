import { expect, it } from 'vitest'
import type { ChannelAdapter } from '../../src/channels/channel.ts'
import { meta } from '../../src/channels/meta.ts'
import { messageBody } from '../../src/channels/meta-body.ts'
import { outgoing } from './contract.ts'

const whatsapp = meta() as unknown as ChannelAdapter
const image = { type: 'image', url: 'https://cdn.example/1.png' }

/** The golden requests, without what all of them have. */
function bodyOf(content: object): object {
  const message = outgoing(whatsapp, '+15551230004', content as never)
  const { messaging_product, recipient_type, to, biz_opaque_callback_data, ...rest } = messageBody(message)
  expect({ messaging_product, recipient_type, to, biz_opaque_callback_data }).toEqual({
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to: '+15551230004',
    biz_opaque_callback_data: `${message.id} 1`,
  })
  return rest
}

it.each([
  ['a text', { text: 'Hi' }, { type: 'text', text: { body: 'Hi', preview_url: false } }],
  ['an address in it', { text: 'See https://a.example' }, { type: 'text', text: { body: 'See https://a.example', preview_url: true } }],
  ['a picture', { media: image, text: 'Look' }, { type: 'image', image: { link: 'https://cdn.example/1.png', caption: 'Look' } }],
  [
    'a document',
    { media: { type: 'document', url: 'https://cdn.example/1.pdf', filename: 'bill.pdf' } },
    { type: 'document', document: { link: 'https://cdn.example/1.pdf', filename: 'bill.pdf' } },
  ],
  [
    'buttons',
    { text: 'Sure?', footer: 'Tap', media: image, buttons: [{ id: 'y', title: 'Yes' }] },
    {
      type: 'interactive',
      interactive: {
        type: 'button',
        header: { type: 'image', image: { link: 'https://cdn.example/1.png' } },
        body: { text: 'Sure?' },
        footer: { text: 'Tap' },
        action: { buttons: [{ type: 'reply', reply: { id: 'y', title: 'Yes' } }] },
      },
    },
  ],
  [
    'a list',
    { text: 'Which?', list: { button: 'Open', sections: [{ title: 'All', rows: [{ id: 'a', title: 'A', description: 'The first' }] }] } },
    {
      type: 'interactive',
      interactive: {
        type: 'list',
        body: { text: 'Which?' },
        action: { button: 'Open', sections: [{ title: 'All', rows: [{ id: 'a', title: 'A', description: 'The first' }] }] },
      },
    },
  ],
])('a session message: %s', (_, session, body) => {
  expect(bodyOf({ session })).toEqual(body)
})

const named = { name: 'order_update', language: 'en_US' }
const framed = (components?: object[]) => ({
  type: 'template',
  template: { name: 'order_update', language: { code: 'en_US' }, ...(components ? { components } : {}) },
})

it.each([
  ['nothing to fill in', {}, undefined],
  [
    'a header, a body and buttons',
    {
      header: { media: image },
      body: ['Ada', '7'],
      buttons: [
        { index: 0, type: 'QUICK_REPLY', value: 'yes' },
        { index: 1, type: 'URL', value: '7' },
        { index: 2, type: 'COPY_CODE', value: 'SAVE7' },
      ],
    },
    [
      { type: 'header', parameters: [{ type: 'image', image: { link: 'https://cdn.example/1.png' } }] },
      {
        type: 'body',
        parameters: [
          { type: 'text', text: 'Ada' },
          { type: 'text', text: '7' },
        ],
      },
      { type: 'button', sub_type: 'quick_reply', index: '0', parameters: [{ type: 'payload', payload: 'yes' }] },
      { type: 'button', sub_type: 'url', index: '1', parameters: [{ type: 'text', text: '7' }] },
      { type: 'button', sub_type: 'copy_code', index: '2', parameters: [{ type: 'coupon_code', coupon_code: 'SAVE7' }] },
    ],
  ],
  ['a header text', { header: { text: 'Hi' } }, [{ type: 'header', parameters: [{ type: 'text', text: 'Hi' }] }]],
  [
    'a header text with a name',
    { header: { text: 'Hi', name: 'sale' } },
    [{ type: 'header', parameters: [{ type: 'text', parameter_name: 'sale', text: 'Hi' }] }],
  ],
  [
    "names, and places that are Twilio's",
    { variables: { 1: 'x', first_name: 'Ada' } },
    [{ type: 'body', parameters: [{ type: 'text', parameter_name: 'first_name', text: 'Ada' }] }],
  ],
  [
    'cards',
    { body: ['Ada'], cards: [{ media: image, body: ['Shoes'], buttons: [{ index: 0, type: 'QUICK_REPLY', value: 's' }] }] },
    [
      { type: 'body', parameters: [{ type: 'text', text: 'Ada' }] },
      {
        type: 'carousel',
        cards: [
          {
            card_index: 0,
            components: [
              { type: 'header', parameters: [{ type: 'image', image: { link: 'https://cdn.example/1.png' } }] },
              { type: 'body', parameters: [{ type: 'text', text: 'Shoes' }] },
              { type: 'button', sub_type: 'quick_reply', index: '0', parameters: [{ type: 'payload', payload: 's' }] },
            ],
          },
        ],
      },
    ],
  ],
])('a template: %s', (_, template, components) => {
  expect(bodyOf({ template: { ...named, ...template } })).toEqual(framed(components))
})
