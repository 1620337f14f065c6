import { type Random, seeded } from '../random.ts'
import { type Person, person } from './people.ts'

const TOPICS = [
  'Offsite in Lisbon',
  'Quarterly numbers',
  'Draft contract, second round',
  'Login page copy',
  'Broken build on main',
  'Dinner on Friday?',
  'Budget for the new office',
  'Interview feedback',
  'Shipping delay to Rotterdam',
  'Photos from the weekend',
  'Migration plan',
  'Parents’ evening',
  'Your talk proposal',
  'Roof repair quote',
  'Choir rehearsal moved',
]
const OPENERS = [
  'I looked at this again last night and have a few thoughts.',
  'Quick question before I go any further:',
  'As promised, here is where we are.',
  'Sorry for the slow reply, it has been one of those weeks.',
  'Good news first: it works.',
  'I think we should decide this before the end of the week.',
]
const MIDDLES = [
  'The numbers in the second table do not add up to the total on page one; could you check which is right?',
  'If we move it to Thursday, everybody can make it, including the people in Tokyo.',
  'The supplier wants an answer by noon, and I would rather not pay for express delivery again.',
  'I have attached nothing yet because the final version is still with legal.',
  'Could you send me the address and the name of whoever opens the door?',
  'My preference is the smaller one: cheaper, quieter, and we can start in March.',
  'We saw the error three times since Monday, always within a minute of the nightly job.',
]
const CLOSERS = [
  'What do you think?',
  'Let me know if that works for you.',
  'No hurry.',
  'Can you confirm today?',
  'Thanks a lot for your help!',
  'Talk tomorrow.',
]

export interface Turn {
  root: number
  parent: number | null
  topic: string
  from: Person
}

const KIND_SHARE = 0.5

/** Whether message `index` of a run belongs to a conversation; the other kinds share the rest. */
export function isConversation(seed: number, index: number): boolean {
  return seeded(`${seed}:kind:${index}`).next() < KIND_SHARE
}

/** Who writes message `index`, on what, in reply to which: a function of seed and index alone. */
export function turnOf(seed: number, index: number): Turn {
  const random = seeded(`${seed}:turn:${index}`)
  const from = person(random)
  const back = 1 + random.int(6)
  const parent = index - back
  if (parent >= 0 && random.chance(0.6) && isConversation(seed, parent)) {
    const before = turnOf(seed, parent)
    return { root: before.root, parent, topic: before.topic, from }
  }
  const number = random.int(900) + 100
  return {
    root: index,
    parent: null,
    topic: `${random.pick(TOPICS)}${random.chance(0.3) ? ` #${number}` : ''}`,
    from,
  }
}

export function conversationText(
  random: Random,
  to: string,
  from: Person,
  quoted?: { name: string; text: string },
): string {
  const first = to.split(' ')[0] ?? to
  const lines = [`Hi ${first},`, '', random.pick(OPENERS), random.pick(MIDDLES)]
  if (random.chance(0.4)) lines.push('', random.pick(MIDDLES))
  lines.push(
    '',
    random.pick(CLOSERS),
    '',
    from.name.split(' ')[0] ?? from.name,
    '',
    '-- ',
    from.name,
    from.company,
  )
  if (quoted)
    lines.push(
      '',
      `${quoted.name} wrote:`,
      ...quoted.text
        .split('\n')
        .slice(0, 8)
        .map(line => `> ${line}`),
    )
  return lines.join('\n')
}
