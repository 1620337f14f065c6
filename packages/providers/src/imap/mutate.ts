import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection, MutateOutcome, ProviderMutation } from '@inlet/sync/provider-port'
import type { SendMemory } from '../send-memory.ts'
import type { ImapAccount } from './account.ts'
import {
  copyMessages,
  makeFolder,
  markRead,
  markStarred,
  moveMessages,
  moveToRole,
  pathOfRole,
} from './change.ts'
import type { MailFolder } from './folders.ts'
import type { At } from './in-folder.ts'
import { type Group, locate } from './locate.ts'
import { saveDraft, sendMail } from './send.ts'
import type { SessionWorld } from './session.ts'
import type { Tree } from './tree.ts'

type Work = { conn: Connection; at: At & ImapAccount; tree: Tree; from: SessionWorld; memory: SendMemory }

/** Carries out a person's change. States are set, wherever the messages lie by now. */
export async function mutate(work: Work, change: ProviderMutation): Promise<MutateOutcome> {
  if ('mail' in change) return await (change.type === 'send' ? send(work, change) : draft(work, change))
  const { conn, at, tree } = work
  const folders = await tree.recent(at)
  const groups = await locate(conn, at, folders, change.messageIds)
  if (groups.length === 0 && change.messageIds.length > 0)
    throw new ProviderError('not_found', 'None of the messages is there any more.')
  await apply(at, folders, groups, change)
  return { state: 'done', messageId: null }
}

type Change = Exclude<ProviderMutation, { type: 'send' | 'draft' }>

async function apply(at: At, folders: MailFolder[], groups: Group[], change: Change): Promise<void> {
  const uidsOf = ({ members }: Group) => members.map(({ uid }) => uid)
  const each = async (where: (folder: MailFolder) => boolean, run: (group: Group) => Promise<unknown>) => {
    for (const group of groups) if (where(group.folder)) await run(group)
  }
  switch (change.type) {
    case 'read':
      return await each(
        () => true,
        group => markRead(at, group.ref, uidsOf(group), change.read),
      )
    case 'star':
      return await each(
        () => true,
        group => markStarred(at, group.ref, uidsOf(group), change.starred),
      )
    case 'archive':
      return await each(
        ({ role }) => role === 'inbox',
        group => moveToRole(at, group.ref, uidsOf(group), 'archive', folders),
      )
    case 'trash':
      return await each(
        ({ role }) => role !== 'trash',
        group => moveToRole(at, group.ref, uidsOf(group), 'trash', folders),
      )
    case 'untrash':
      return await each(
        ({ role }) => role === 'trash',
        group => moveMessages(at, group.ref, uidsOf(group), pathOfRole(folders, 'inbox') ?? 'INBOX'),
      )
    case 'labels':
      return await file(at, folders, groups, change)
  }
}

/**
 * Labels are folders: what loses one and gets another moves. Nothing is ever removed for good: what only loses a folder
 * moves to the archive, and what only gets one is copied.
 */
async function file(
  at: At,
  folders: MailFolder[],
  groups: Group[],
  { add, remove }: { add: string[]; remove: string[] },
): Promise<void> {
  const targets = add.map(key => folders.find(folder => folder.key === key))
  for (const [index, target] of targets.entries())
    if (!target)
      throw new ProviderError(
        'permanent',
        `There is no folder “${(add[index] ?? '').slice(0, 100)}” any more.`,
      )
  const [moveTo, ...copyTo] = targets.filter(target => target !== undefined)
  const holders = (folder: MailFolder) =>
    new Set(
      groups
        .filter(group => group.folder.key === folder.key)
        .flatMap(({ members }) => members.map(({ id }) => id)),
    )
  const leaving = groups.filter(({ folder }) => remove.includes(folder.key))
  const left = new Set(leaving.flatMap(({ members }) => members.map(({ id }) => id)))
  const copied = async (target: MailFolder, skip: ReadonlySet<string>) => {
    const have = new Set([...holders(target), ...skip])
    for (const { ref, members } of groups) {
      const lacking = members.filter(({ id }) => !have.has(id))
      await copyMessages(
        at,
        ref,
        lacking.map(({ uid }) => uid),
        target.path,
      )
      for (const { id } of lacking) have.add(id)
    }
  }
  for (const target of copyTo) await copied(target, new Set())
  if (moveTo) await copied(moveTo, left)
  for (const { ref, members } of leaving) {
    const uids = members.map(({ uid }) => uid)
    if (moveTo) await moveMessages(at, ref, uids, moveTo.path)
    else await moveToRole(at, ref, uids, 'archive', folders)
  }
}

async function send(
  { conn, at, tree, from, memory }: Work,
  { clientId, mail, again }: Extract<ProviderMutation, { type: 'draft' | 'send' }>,
): Promise<MutateOutcome> {
  if (mail.to.length + mail.cc.length + mail.bcc.length === 0)
    throw new ProviderError('permanent', 'The message has no recipient.')
  return await memory.once(`${conn.accountId}\n${clientId}`, async () => {
    const sent = pathOfRole(await tree.recent(at), 'sent')
    const { access } = at
    const outcome = await sendMail(at, {
      access,
      from,
      sent,
      clientId,
      mail,
      ...(again !== undefined && { again }),
    })
    return outcome.state === 'unknown' ? outcome : { state: 'done', messageId: outcome.messageId }
  })
}

async function draft(
  { at, tree, from }: Work,
  { clientId, mail }: Extract<ProviderMutation, { type: 'draft' | 'send' }>,
): Promise<MutateOutcome> {
  const drafts = pathOfRole(await tree.recent(at), 'drafts') ?? (await makeFolder(at, 'Drafts'))
  const messageId = await saveDraft(at, { access: at.access, from, drafts, clientId, mail })
  return { state: 'done', messageId }
}
