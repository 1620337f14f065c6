import type { Args } from '../wire/args.ts'
import { bad, no } from '../wire/refusal.ts'
import { SYSTEM_FLAGS } from './select.ts'

const MAX_FLAGS = 64

/** Flags as they are kept: system flags in their own spelling, keywords as they come. */
export function readFlags(args: Args): string[] {
  const flags: string[] = []
  while (args.more) {
    const text = args.atom()
    if (!text.startsWith('\\')) {
      if (/[\]%*\\]|[^\x21-\x7e]/.test(text) || text.length > 100) bad('That is no keyword')
      flags.push(text)
      continue
    }
    const known = SYSTEM_FLAGS.find(flag => flag.toLowerCase() === text.toLowerCase())
    flags.push(known ?? bad(`There is no flag ${text.slice(0, 40)}`))
  }
  return flags.length <= MAX_FLAGS ? flags : no('Too many flags', 'LIMIT')
}
