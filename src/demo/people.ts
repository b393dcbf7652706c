import { hashFraction } from '../domain/hash.ts'

const NAMES = [
  'Ada',
  'Ben',
  'Chika',
  'Dario',
  'Elif',
  'Femi',
  'Greta',
  'Hugo',
  'Ines',
  'Jun',
  'Kofi',
  'Lena',
  'Mei',
  'Nour',
  'Oskar',
  'Priya',
  'Quinn',
  'Rosa',
  'Sami',
  'Tove',
]
const ITEMS = ['teapot', 'rain jacket', 'desk lamp', 'fountain pen', 'bicycle bell', 'chess set', 'wool blanket', 'record player']

/** What somebody is going to do, decided by nothing but their number: every run tells the same story. */
export type Habit = 'buys at once' | 'buys after the push' | 'opens the push' | 'opens the email' | 'gets as far as the SMS'

export interface Person {
  n: number
  name: string
  externalId: string
  habit: Habit
  item: string
  cartId: string
  total: number
  email: string
  phone: string
  token: string
}

const HABITS: readonly Habit[] = ['opens the push', 'gets as far as the SMS', 'buys at once', 'opens the email', 'buys after the push']

/** `run` keeps one start's people apart from another's on the same data. */
export function person(n: number, run: string): Person {
  const name = NAMES[n % NAMES.length] ?? 'Ada'
  const habit = HABITS[n % HABITS.length] ?? 'opens the push'
  const id = `${run}-${n}`
  // The sandbox knows by an address's beginning, or a number's end, who reads behind it.
  const reader = habit === 'opens the email' ? 'opener' : 'ignorer'
  return {
    n,
    name,
    habit,
    externalId: `${name.toLowerCase()}-${id}`,
    item: ITEMS[Math.floor(hashFraction('item', id) * ITEMS.length)] ?? 'teapot',
    cartId: `cart-${id}`,
    total: Math.round(2_000 + hashFraction('total', id) * 8_000) / 100,
    email: `${reader}.${id}@mail.example`,
    phone: `+1415555${String(1000 + (n % 90) * 100 + 4).padStart(4, '0')}`,
    token: `${habit === 'opens the push' ? 'opener' : 'ignorer'}-device-${id}-0123456789abcdef`,
  }
}
