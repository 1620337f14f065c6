import { startDovecot } from '@inlet/testkit/dovecot'
import { appendMany } from './append-many.ts'
import type { Bench, Context } from './bench.ts'
import { accessTo, type ImapAccess } from './imap-access.ts'
import type { ImapOrder, ImapTold } from './imap-worker.ts'
import { mbsyncVersion, pullWithMbsync } from './peers/mbsync.ts'
import { type BenchPostgres, benchPostgres } from './postgres.ts'
import { largeMail, realMail } from './real-mail.ts'
import { goal, type Report } from './report.ts'
import { format, median, pairwise, spread } from './stats.ts'
import { startWorker } from './worker.ts'

const [MAILBOX, LARGE, WARM] = ['bench@inlet.test', 'large@inlet.test', 'warm@inlet.test']
const WARM_UP = 500
/** Beside ordinary mail. */
const LARGE_MESSAGES = 12
const LARGE_BYTES = 20 * 1024 * 1024
const TURN_MS = 11 * 60_000

type Turn = { rate: number; searchS: number; peakMiB: number }

export const imap: Bench = {
  about: '10,000 real messages from Dovecot into Postgres, beside mbsync and a loop that only reads them',
  async run(context): Promise<Report> {
    const count = context.option('count', 10_000)
    const mbsync = await mbsyncVersion()
    context.say('filling Dovecot’s mailboxes')
    const dovecot = await startDovecot({ users: [MAILBOX, LARGE, WARM] })
    context.onEnd(() => dovecot.stop())
    const fill = (user: string, mail: Iterable<{ raw: Buffer; date: Date }>) =>
      appendMany({ port: dovecot.port, user, password: dovecot.passwordOf(user) }, 'INBOX', mail)
    await fill(MAILBOX, realMail(count))
    await fill(WARM, realMail(Math.min(WARM_UP, count)))
    const withLarge =
      (await fill(LARGE, realMail(Math.min(WARM_UP, count)))) +
      (await fill(LARGE, largeMail(LARGE_MESSAGES, LARGE_BYTES)))
    const postgres = await benchPostgres(context)
    const [box, large, warm] = [MAILBOX, LARGE, WARM].map(user => accessTo(dovecot, user ?? '')) as [
      ImapAccess,
      ImapAccess,
      ImapAccess,
    ]
    const engineTurn = (access: ImapAccess, expected: number) =>
      turn(context, { access, warm, expected }, postgres)
    const loopTurn = () => turn(context, { access: box, warm, expected: count }, null)

    // Once unmeasured: Dovecot's own index of what it has been asked for is made by then.
    await loopTurn()
    await engineTurn(box, count)
    const [ours, bare, peer, big]: [Turn[], Turn[], number[], Turn[]] = [[], [], [], []]
    for (let i = 0; i < context.repeats; i++) {
      ours.push(await engineTurn(box, count))
      if (mbsync !== null) {
        const pulled = await pullWithMbsync(context, box)
        if (pulled.messages !== count)
          throw new Error(`mbsync pulled ${pulled.messages} of ${count} messages.`)
        peer.push(count / pulled.seconds)
      }
      bare.push(await loopTurn())
      big.push(await engineTurn(large, withLarge))
      context.say(
        `${i + 1}: engine ${format(ours.at(-1)?.rate ?? 0)}/s, mbsync ${format(peer.at(-1) ?? Number.NaN)}/s, loop ${format(bare.at(-1)?.rate ?? 0)}/s`,
      )
    }
    const rates = (turns: Turn[]) => turns.map(({ rate }) => rate)
    const peaks = (turns: Turn[]) => turns.map(({ peakMiB }) => peakMiB)
    const besideMbsync = pairwise(rates(ours), peer)
    const besideLoop = pairwise(rates(ours), rates(bare))
    const dash = '–'
    return {
      name: 'imap',
      title: 'imap: a mailbox from Dovecot into Postgres beside mbsync',
      about: `${count.toLocaleString('en-US')} real messages (spam corpus, repeated with other ids) in a Dovecot mailbox, over TLS. Ours: from the first claim to the end of the listing, bodies, threads, attachments, places and labels stored. mbsync${mbsync ? ` (${mbsync})` : ''} pulls the same into a fresh Maildir, with its own defaults. The loop: imapflow, whole messages a hundred at a time over one connection, headers and texts decoded by our own code, nothing kept.`,
      columns: ['', 'engine', 'mbsync', 'loop', 'beside mbsync', 'beside the loop'],
      rows: [
        [
          'messages/s',
          spread(rates(ours)),
          peer.length > 0 ? spread(peer) : 'not installed',
          spread(rates(bare)),
          peer.length > 0 ? spread(besideMbsync) : dash,
          spread(besideLoop),
        ],
        ['most resident, MiB', spread(peaks(ours)), dash, spread(peaks(bare)), dash, dash],
        [
          `the same with ${LARGE_MESSAGES} messages of ${LARGE_BYTES / 2 ** 20} MiB`,
          spread(peaks(big)),
          dash,
          dash,
          dash,
          dash,
        ],
        [
          'search vectors of what was still queued, s',
          spread(ours.map(({ searchS }) => searchS)),
          dash,
          dash,
          dash,
          dash,
        ],
      ],
      goals: [
        goal('≥ 1 × mbsync', median(besideMbsync), value => value >= 1, '×'),
        goal('≥ 0.7 × the loop', median(besideLoop), value => value >= 0.7, '×'),
        goal(
          'never more than 400 MiB',
          Math.max(...peaks(ours), ...peaks(big)),
          value => value <= 400,
          'MiB at most',
        ),
      ],
      notes: [
        `Engine and loop run in a process of their own each turn, warmed by a mailbox of ${WARM_UP}; memory is the most that this process ever held. mbsync is a fresh process, too.`,
        'Messages are appended to Dovecot (Maildir) beforehand, and each side has read them once: its index of what is asked for exists.',
        ...(mbsync === null ? ['mbsync is not installed here (Debian: apt-get install isync).'] : []),
      ],
    }
  },
}

async function turn(
  context: Context,
  { access, warm, expected }: { access: ImapAccess; warm: ImapAccess; expected: number },
  postgres: BenchPostgres | null,
): Promise<Turn> {
  const worker = startWorker<ImapOrder, ImapTold>(context, './imap-worker.ts')
  const once = async (from: ImapAccess) => {
    const database = await postgres?.fresh()
    try {
      worker.send({ access: from, databaseUrl: database?.url ?? null })
      const told = await worker.next((each): each is ImapTold => true, TURN_MS)
      if ('error' in told) throw new Error(told.error)
      return told
    } finally {
      await database?.drop()
    }
  }
  try {
    await once(warm)
    const { messages, seconds, searchS, peakBytes } = await once(access)
    if (messages !== expected) throw new Error(`${messages} of ${expected} messages were read.`)
    return { rate: messages / seconds, searchS, peakMiB: peakBytes / 2 ** 20 }
  } finally {
    await worker.stop()
  }
}
