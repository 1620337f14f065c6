import type { ImapMailbox } from '../mailbox/imap-mailbox.ts'
import type { StoredFolder } from '../mailbox/types.ts'
import type { Session } from '../session.ts'
import type { View } from '../view.ts'
import type { Args } from '../wire/args.ts'
import { bad, no } from '../wire/refusal.ts'

/** The text of the tagged OK; null when the command answers by itself later. */
type Answer = string | null

export interface Command {
  needs: 'nothing' | 'login' | 'folder'
  /** Whether sequence numbers must stay as they are while it runs and answers. */
  keepsNumbers?: true
  run(session: Session, args: Args, tag: string): Answer | Promise<Answer>
}

export type Commands = Readonly<Record<string, Command>>

export function mailboxOf(session: Session): ImapMailbox {
  return session.mailbox ?? bad('Log in first')
}

export function viewOf(session: Session): View {
  return session.view ?? bad('Select a folder first')
}

export function writableView(session: Session): View {
  const view = viewOf(session)
  return view.readOnly ? no('The folder was opened for reading', 'READ-ONLY') : view
}

/** A folder that is to be used; `create` hints that making it would help (RFC 3501 §7.1). */
export function folderAt(session: Session, path: string, create = false): StoredFolder {
  const code = create ? 'TRYCREATE' : 'NONEXISTENT'
  return mailboxOf(session).find(path) ?? no('There is no such folder', code)
}
