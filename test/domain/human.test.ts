import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isMachine } from '../../src/domain/human.ts'

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'
const get = (userAgent: string, purpose = '') => ({ method: 'GET', userAgent, purpose })

describe('a person', () => {
  test.each([
    IPHONE,
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36 Edg/137.0.0.0',
    'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Mobile Safari/537.36',
    'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0',
    // A maker of telephones.
    'Mozilla/5.0 (Linux; Android 13; CUBOT P80) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Mobile Safari/537.36',
    'Mozilla/5.0 (Linux; Android 10; CUBOT Build/QP1A.190711.020; wv) AppleWebKit/537.36 Version/4.0 Chrome/91.0.4472.120 Mobile Safari/537.36',
    // Opened inside an app: its own browser.
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/512.0.0.0.0]',
    'Mozilla/4.0 (compatible; ms-office; MSOffice 16)',
    // These proxies fetch when the mail is opened.
    'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)',
    'YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html',
  ])('%s', (userAgent) => {
    expect(isMachine(get(userAgent))).toBe(false)
  })
})

describe('a machine', () => {
  test.each([
    // Apple's Mail Privacy Protection, and whoever says nothing of itself.
    'Mozilla/5.0',
    ' Mozilla/5.0 ',
    '',
    '  ',
    // Those that look for their reader's sake.
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/136.0.0.0 Safari/537.36; BarracudaCentral',
    'Mozilla/5.0 (compatible; proofpoint-urldefense)',
    'Mozilla/5.0 (compatible; Microsoft SafeLinks)',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/137.0.0.0 Safari/537.36',
    'Mimecast-URL-Scanner/1.0',
    'Microsoft Office Existence Discovery',
    // Those that draw the card under a link somebody was sent.
    'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)',
    'WhatsApp/2.25.14.76 A',
    'TelegramBot (like TwitterBot)',
    'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
    'Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com',
    // Programs.
    'curl/8.14.1',
    'Wget/1.25.0',
    'python-requests/2.32.3',
    'Go-http-client/2.0',
    'Java/21.0.7',
    'okhttp/4.12.0',
    'axios/1.9.0',
    'node-fetch/1.0 (+https://github.com/bitinn/node-fetch)',
  ])('%j', (userAgent) => {
    expect(isMachine(get(userAgent))).toBe(true)
  })

  test.each(['prefetch', 'prefetch;prerender', 'prefetch;anonymous-client-ip', 'preview', 'Prerender'])(
    'a person’s browser that fetches ahead: %s',
    (purpose) => {
      expect(isMachine(get(IPHONE, purpose))).toBe(true)
    },
  )

  test('HEAD shows nobody anything', () => {
    expect(isMachine({ method: 'HEAD', userAgent: IPHONE, purpose: '' })).toBe(true)
  })
})

test('whatever names itself a bot is one, before and after anything else', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.constantFrom('bot', 'crawler', 'spider'), (before, after, name) => {
      expect(isMachine(get(`${before} example${name}/1.0 ${after}`))).toBe(true)
    }),
  )
})
