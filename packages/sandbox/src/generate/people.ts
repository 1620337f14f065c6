import type { Random } from '../random.ts'

export interface Person {
  name: string
  email: string
  company: string
}

const FIRST = [
  'Amara',
  'Björn',
  'Carla',
  'Dmitri',
  'Elif',
  'Farid',
  'Grace',
  'Hugo',
  'Ines',
  'Jonas',
  'Keiko',
  'Lucía',
  'Marek',
  'Nora',
  'Oskar',
  'Priya',
  'Quentin',
  'Rosa',
  'Søren',
  'Tomás',
  'Uma',
  'Viktor',
  'Wanda',
  'Yusuf',
  'Zoë',
]
const LAST = [
  'Adeyemi',
  'Bergström',
  'Castellano',
  'Dvořák',
  'Eriksen',
  'Fontaine',
  'García',
  'Horváth',
  'Ivanova',
  'Jansen',
  'Kowalski',
  'Lindqvist',
  'Moreau',
  'Nakamura',
  'Okafor',
  'Petrov',
  'Quinn',
  'Rossi',
  'Schneider',
  'Tanaka',
  'Ueda',
  'Varga',
  'Weber',
  'Yılmaz',
  'Zhang',
]
const COMPANIES = [
  ['Northwind Freight', 'northwind-freight.example'],
  ['Alder & Finch', 'alderfinch.example'],
  ['Brightwater Studio', 'brightwater.example'],
  ['Kestrel Robotics', 'kestrel-robotics.example'],
  ['Lumen Dental', 'lumendental.example'],
  ['Marlowe Legal', 'marlowelegal.example'],
  ['Oxbow Coffee', 'oxbowcoffee.example'],
  ['Pinewood School', 'pinewood.example'],
] as const

export const SHOPS = [
  ['Papyrus Books', 'orders@papyrusbooks.example'],
  ['Bolt & Bracket', 'shop@boltandbracket.example'],
  ['Verde Market', 'receipts@verdemarket.example'],
  ['Cinder Cycles', 'hello@cindercycles.example'],
  ['Tidal Hosting', 'billing@tidalhosting.example'],
] as const

export const NEWSLETTERS = [
  ['The Morning Ledger', 'news@morningledger.example'],
  ['Compiler Weekly', 'editor@compilerweekly.example'],
  ['Slow Kitchen', 'letters@slowkitchen.example'],
  ['Trailhead Dispatch', 'dispatch@trailhead.example'],
] as const

export function person(random: Random): Person {
  const first = random.pick(FIRST)
  const last = random.pick(LAST)
  const [company, domain] = random.pick(COMPANIES)
  const local = `${first}.${last}`
    .normalize('NFD')
    .replace(/[^A-Za-z.]/g, '')
    .toLowerCase()
  return { name: `${first} ${last}`, email: `${local}@${domain}`, company }
}
