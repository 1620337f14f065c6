import type { Session } from '../session.ts'
import { Args } from '../wire/args.ts'
import type { Line } from '../wire/command-reader.ts'
import { bad, no, Refusal } from '../wire/refusal.ts'
import { tokenise } from '../wire/tokens.ts'
import { APPEND } from './append.ts'
import type { Command, Commands } from './command.ts'
import { COPY } from './copy.ts'
import { FETCH } from './fetch.ts'
import { FOLDERS } from './folders.ts'
import { LIST } from './list.ts'
import { LOGIN } from './login.ts'
import { SEARCH } from './search.ts'
import { SELECT } from './select.ts'
import { STORE } from './store.ts'

const COMMANDS: Commands = {
  ...LOGIN,
  ...LIST,
  ...FOLDERS,
  ...SELECT,
  ...APPEND,
  ...FETCH,
  ...SEARCH,
  ...STORE,
  ...COPY,
}

/** Runs one command and answers it, whatever it is. */
export async function runCommand(session: Session, line: Line): Promise<void> {
  const tag = /^[^\s{}()%*"\\+]{1,100}(?= )/.exec(line.text)?.[0]
  if (tag === undefined) {
    session.out.line(['*', 'BAD', 'A command begins with a tag and a blank'])
    return
  }
  let name = ''
  try {
    const args = new Args(tokenise(line.text.slice(tag.length + 1), line.literals))
    name = args.word()
    if (name === 'UID') name = `UID ${args.word()}`
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
    if (!command) bad(`There is no command ${printable(name)}`)
    const answer = await run(session, command, { name, args, tag })
    if (answer !== null && !session.ended) session.out.line([tag, 'OK', answer])
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { status, code, message } = error
    if (session.ended) return
    session.tell(false)
    session.out.line([tag, status, ...(code === null ? [] : [`[${code}]`]), printable(message)])
  }
}

async function run(
  session: Session,
  command: Command,
  call: { name: string; args: Args; tag: string },
): Promise<string | null> {
  const { name, args, tag } = call
  if (command.needs !== 'nothing' && !session.mailbox) bad('Log in first')
  if (command.needs === 'folder' && !session.view) bad('Select a folder first')
  if (session.view && !session.view.alive) {
    await session.bye('The folder was deleted or numbered anew')
    return null
  }
  const lost = await strike(session, name)
  if (session.ended) return null
  const answer = await command.run(session, args, tag)
  if (lost) {
    session.cut()
    return null
  }
  if (answer !== null) session.tell(command.keepsNumbers !== true)
  return answer
}

/** Faults that were asked for; true when the answer is to be lost. */
async function strike(session: Session, name: string): Promise<boolean> {
  const { faults } = session.imap
  const account = session.mailbox?.email
  const target = { method: name, ...(account !== undefined && { account }) }
  const hang = faults.take('imap.hang', target)
  if (hang) await session.pause(hang.ms ?? 300_000)
  if (faults.take('imap.drop', target)) session.cut()
  if (session.ended) return false
  // Whose login it is, is known later.
  const refusal = session.mailbox ? faults.take('imap.refuse', target) : undefined
  if (refusal) no(refusal.message ?? 'Refused, as was asked for', refusal.reason ?? 'SERVERBUG')
  return faults.take('imap.lost', target) !== undefined
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200)
}
