import type { Session } from '../session.ts'
import type { Args } from '../wire/args.ts'
import { parseDateTime } from '../wire/dates.ts'
import { bad } from '../wire/refusal.ts'
import { type Commands, folderAt, mailboxOf } from './command.ts'
import { readFlags } from './flags.ts'

function append(session: Session, args: Args): string {
  const path = args.path()
  const list = args.optionalList()
  const flags = list ? readFlags(list) : []
  const first = args.bytes()
  const date = args.more ? parseDateTime(first.toString('latin1')) : session.imap.clock.now()
  const raw = args.more ? args.bytes() : first
  args.end()
  if (raw.length === 0) bad('The message is empty')
  const folder = folderAt(session, path, true)
  const { uid } = mailboxOf(session).append(folder, raw, flags, date)
  return `[APPENDUID ${folder.uidValidity} ${uid}] Appended`
}

export const APPEND: Commands = { APPEND: { needs: 'login', run: append } }
