import type { Gmail, Google } from './google.ts'
import { letter, receive } from './letter.ts'
import type { Life } from './life.ts'
import { mailboxOf, type OnMailbox, pick, type Scene } from './scene.ts'

/** The person changes mail at Gmail, elsewhere; mail arrives. */
export async function onTelephone(
  { life, google }: Scene,
  act: OnMailbox<
    | 'deliver'
    | 'read'
    | 'star'
    | 'trash'
    | 'delete'
    | 'label'
    | 'moveThread'
    | 'many'
    | 'draft'
    | 'send'
    | 'createLabel'
    | 'renameLabel'
    | 'deleteLabel'
  >,
): Promise<unknown> {
  const gmail = mailboxOf(life, act)
  const { r, s, type } = act
  if (type === 'deliver') return deliver(life, google, gmail, act)
  if (type === 'createLabel') return gmail.call('POST', 'labels', { name: `Label ${Math.floor(r * 1_000)}` })
  if (type === 'send')
    return gmail.call('POST', 'messages/send', { raw: letter(gmail.email, `Elsewhere ${r}`) })
  if (type === 'draft')
    return gmail.call('POST', 'drafts', { message: { raw: letter(gmail.email, `Draft ${r}`) } })
  if (type === 'renameLabel' || type === 'deleteLabel') {
    const own = pick(
      (await gmail.labels()).filter(label => label.type === 'user'),
      s,
    )
    if (!own) return
    if (type === 'deleteLabel') return gmail.call('DELETE', `labels/${own.id}`)
    return gmail.call('PATCH', `labels/${own.id}`, { name: `Renamed ${Math.floor(r * 1_000)}` })
  }
  const all = await gmail.ids()
  const one = pick(all, r)
  if (!one) return
  if (type === 'delete') return gmail.call('DELETE', `messages/${one.id}`)
  if (type === 'trash') return gmail.call('POST', `messages/${one.id}/trash`)
  const own = pick(
    (await gmail.labels()).filter(label => label.type === 'user'),
    s,
  )
  if (type === 'many') {
    const change = s < 0.5 ? { removeLabelIds: ['UNREAD'] } : { addLabelIds: [own?.id ?? 'STARRED'] }
    return gmail.call('POST', 'messages/batchModify', {
      ids: all.slice(0, 40).map(({ id }) => id),
      ...change,
    })
  }
  if (type === 'moveThread')
    return gmail.call('POST', `threads/${one.threadId}/modify`, {
      addLabelIds: [own?.id ?? 'TRASH'],
      removeLabelIds: ['INBOX'],
    })
  const label = type === 'read' ? 'UNREAD' : type === 'star' ? 'STARRED' : own?.id
  if (!label) return
  const carries = (await gmail.message(one.id)).labelIds?.includes(label)
  return gmail.call('POST', `messages/${one.id}/modify`, {
    [carries ? 'removeLabelIds' : 'addLabelIds']: [label],
  })
}

async function deliver(
  life: Life,
  google: Google,
  gmail: Gmail,
  { r, s, count, sameThread }: OnMailbox<'deliver'>,
): Promise<void> {
  let answered: string | undefined
  let subject = `News ${Math.floor(r * 1e6)} of seed ${life.plan.seed}`
  if (sameThread) {
    const one = pick(await gmail.ids(), r)
    const headers = one ? ((await gmail.message(one.id)).payload?.headers ?? []) : []
    const header = (name: string) => headers.find(each => each.name.toLowerCase() === name)?.value
    answered = header('message-id')
    subject = `Re: ${(header('subject') ?? subject).replace(/^(re: ?)+/i, '')}`
  }
  const from = pick(
    ['Ada <ada@example.com>', 'bob@example.com', 'Bob <BOB@example.com>', 'Cy <cy@example.com>'],
    s,
  )
  for (let n = 0; n < count; n++) {
    const raw = letter(gmail.email, count > 1 && !answered ? `${subject}, ${n}` : subject, from, answered)
    await receive(google, gmail.email, raw)
  }
}
