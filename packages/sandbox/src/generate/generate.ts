import { type Random, seeded } from '../random.ts'
import { headerText } from './charsets.ts'
import { conversationText, isConversation, turnOf } from './conversation.ts'
import { type Draft, standalone } from './kinds.ts'
import { fileEntity, multipart, textEntity, writeEntity } from './mime-builder.ts'

export interface GenerateInput {
  seed: number
  /** Position in the run: later messages answer earlier ones of the same seed. */
  index: number
  to: { email: string; name: string }
  /** For the Date header, epoch ms. */
  now: number
}

/** One believable message with the labels a mailbox would give it. The same input gives the same bytes. */
export function generateMessage(input: GenerateInput): { raw: Buffer; labels: string[] } {
  const { seed, index, to, now } = input
  const random = seeded(`${seed}:body:${index}`)
  const draft = isConversation(seed, index) ? conversation(input, random) : standalone(random, now)
  const [name, email] = draft.from
  const date = new Date(now).toUTCString().replace('GMT', '+0000')
  const raw = writeEntity(draft.content, [
    [
      'Received',
      `from mail.${email.split('@')[1]} by mx.inlet.test with ESMTPS id ${random.hex(12)}; ${date}`,
    ],
    ['From', `${quotable(headerText(name, draft.charset))} <${email}>`],
    ['To', `${quotable(headerText(to.name))} <${to.email}>`],
    ['Subject', headerText(draft.subject, draft.charset)],
    ['Date', date],
    ['Message-ID', messageId(seed, index)],
    ...(draft.headers ?? []),
    ['MIME-Version', '1.0'],
  ])
  return { raw, labels: ['inbox', 'unread', ...draft.labels] }
}

function conversation({ seed, index, to, now }: GenerateInput, random: Random): Draft {
  const turn = turnOf(seed, index)
  const { parent } = turn
  const quoted =
    parent === null
      ? undefined
      : { name: turnOf(seed, parent).from.name, text: 'See below, and please keep the subject line.' }
  const text = conversationText(random, to.name, turn.from, quoted)
  const plain = textEntity(text, { encoding: random.chance(0.5) ? 'quoted-printable' : '8bit' })
  const attached = random.chance(0.12)
  const notes = Buffer.from(`when,what\n${new Date(now).toISOString()},${turn.topic}\n`)
  const content = attached
    ? multipart('mixed', `mix-${random.hex(16)}`, [plain, fileEntity('notes.csv', 'text/csv', notes)])
    : plain
  const references =
    parent === null ? [] : [...new Set([messageId(seed, turn.root), messageId(seed, parent)])]
  return {
    from: [turn.from.name, turn.from.email],
    subject: parent === null ? turn.topic : `Re: ${turn.topic}`,
    headers:
      parent === null
        ? []
        : [
            ['In-Reply-To', messageId(seed, parent)],
            ['References', references.join(' ')],
          ],
    content,
    labels: ['category_personal', ...(random.chance(0.25) ? ['important'] : [])],
  }
}

function messageId(seed: number, index: number): string {
  return `<${seeded(`${seed}:id:${index}`).hex(24)}@mail.example>`
}

/** RFC 5322: a display name with special characters needs quotes; encoded words must not have them. */
function quotable(name: string): string {
  return /^[\w !#$%&'*+/=?^`{|}~\r\n-]*$/.test(name) ? name : `"${name.replace(/["\\]/g, '\\$&')}"`
}
