import { describe, expect, it } from 'vitest'
import type { Channel } from '../../src/domain/channel.ts'
import { CONTENT, templateTexts, withTexts } from '../../src/domain/content.ts'

function faults(channel: Channel, value: unknown): string[] {
  const found: string[] = []
  CONTENT[channel].shape.parse(value, [], (path, message) => found.push(`${path.join('.')} ${message}`))
  return found
}

describe('content', () => {
  it('takes what a channel needs and names every fault by its path', () => {
    expect(faults('email', { subject: 'Hi', html: '<p>Hi</p>' })).toEqual([])
    expect(faults('email', { subject: '', body: 'Hi' })).toEqual(['body is not a setting here', 'subject must not be empty'])
    expect(faults('sms', { body: 'Hi', mediaUrls: ['https://a.example/1.png', 7] })).toEqual(['mediaUrls.1 must be text'])
    expect(faults('push', { title: 'Hi', body: 'There', data: { a: 'x' }, ttl: 'PT1H' })).toEqual([])
    expect(faults('push', { title: 'Hi', body: 'There', data: { a: 1 }, ttl: 'soon' })).toEqual([
      'data.a must be text',
      'ttl must be an ISO 8601 duration such as PT15M or P2D',
    ])
  })

  it('lists every Liquid text, HTML apart from the rest, and leaves out what is no template', () => {
    expect(templateTexts('email', { subject: 's', html: 'h', preheader: 'p', replyTo: 'r' })).toEqual([
      { path: ['subject'], text: 's', escape: 'none' },
      { path: ['html'], text: 'h', escape: 'html' },
      { path: ['preheader'], text: 'p', escape: 'html' },
      { path: ['replyTo'], text: 'r', escape: 'none' },
    ])
    expect(
      templateTexts('push', { title: 't', body: 'b', data: { html: 'x' }, ttl: 'PT1H' }).map((each) => [each.path.join('.'), each.escape]),
    ).toEqual([
      ['title', 'none'],
      ['body', 'none'],
      ['data.html', 'none'],
    ])
  })

  it('puts rendered texts back where they came from without touching the template', () => {
    const content = { body: 'Hi {{ name }}', mediaUrls: ['https://{{ host }}/1', 'https://{{ host }}/2'] }
    const rendered = templateTexts('sms', content).map(({ path, text }) => ({
      path,
      text: text.replaceAll('{{ host }}', 'a.example').replaceAll('{{ name }}', 'Ada'),
    }))
    expect(withTexts(content, rendered)).toEqual({ body: 'Hi Ada', mediaUrls: ['https://a.example/1', 'https://a.example/2'] })
    expect(content.body).toBe('Hi {{ name }}')
    expect(
      withTexts(content, [
        { path: ['__proto__', 'polluted'], text: 'x' },
        { path: ['gone'], text: 'x' },
      ]),
    ).toEqual(content)
    expect({}).not.toHaveProperty('polluted')
  })
})
