import { hashFraction } from '../domain/hash.ts'
import type { Persona } from '../sandbox/personas.ts'

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

/** Something a person does: an event of the shop's, a WhatsApp message, or being named when the shop launches a campaign. */
export type Deed = {
  /** Seconds after the person came. */
  after: number
  /** What the terminal says of it. */
  says: string | ((one: Person) => string)
} & (
  | { event: string; properties?: (one: Person) => object /** It is heard of late, by this many of the journey's days. */; daysAgo?: number }
  | { writes: string }
  | { launch: true }
)

/** A kind of person: whom the sandbox takes for whom (ignorer where left out), and what they do. */
export interface Habit {
  as?: Partial<Record<'push' | 'email' | 'phone', Persona>>
  does: readonly Deed[]
}

/** Somebody of the demo, made of nothing but their number: every run tells the same story. */
export interface Person {
  name: string
  externalId: string
  habit: Habit
  item: string
  /** Of their cart, and of the order that becomes of it. */
  cartId: string
  total: number
  email: string
  phone: string
  token: string
}

/** `run` keeps one start's people apart from another's on the same data. */
export function person(n: number, run: string, habits: readonly [Habit, ...Habit[]]): Person {
  const name = NAMES[n % NAMES.length] ?? 'Ada'
  const habit = habits[n % habits.length] ?? habits[0]
  const id = `${run}-${n}`
  return {
    name,
    habit,
    externalId: `${name.toLowerCase()}-${id}`,
    item: ITEMS[Math.floor(hashFraction('item', id) * ITEMS.length)] ?? 'teapot',
    cartId: `cart-${id}`,
    total: Math.round(2_000 + hashFraction('total', id) * 8_000) / 100,
    // The sandbox knows by an address's beginning who reads behind it; a phone number it is told.
    email: `${habit.as?.email ?? 'ignorer'}.${id}@mail.example`,
    phone: phoneOf(id),
    token: `${habit.as?.push ?? 'ignorer'}-device-${id}-0123456789abcdef`,
  }
}

/** A number of its own for each: on one data directory a million starts' people hardly meet. */
const phoneOf = (id: string): string => `+1415${String(2_000_000 + Math.floor(hashFraction('phone', id) * 7_999_999))}`
