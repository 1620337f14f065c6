import { displayName } from '@inlet/protocol/display-name'
import type { Address } from '@inlet/protocol/entities'

const first = (name: string) => name.split(/\s+/)[0] ?? name

/** "Ada Lovelace", or for several "Ada, Charles, me"; long rows keep the first and the last two. */
export function senderNames(people: readonly Address[], own: ReadonlySet<string>): string {
  const nameOf = (person: Address) => (own.has(person.email.toLowerCase()) ? 'me' : displayName(person))
  const [only] = people
  if (!only) return '(unknown sender)'
  if (people.length === 1) return nameOf(only)
  const names = people.map(person => first(nameOf(person)))
  return names.length <= 3
    ? names.join(', ')
    : [names[0], '…', ...names.slice(-2)].join(', ').replace(', …,', ' …')
}
