import type { Bench, Context } from './bench.ts'
import { growingMailbox } from './growing-mailbox.ts'
import { gmail, imapWithout, outlook, type ProviderOf } from './incremental-providers.ts'
import { benchPostgres } from './postgres.ts'
import { type Goal, goal, type Report } from './report.ts'
import { median, pairwise, spread } from './stats.ts'

const NEW = 10
/** Of the largest mailbox. */
const SHARES = [0.01, 0.1, 1]
/** Rounds of one repeat: one alone says little about a few dozen milliseconds. */
const ROUNDS = 5

const PROVIDERS: { name: string; requests: string; of: ProviderOf }[] = [
  { name: 'Gmail', requests: 'HTTP requests', of: gmail },
  { name: 'Outlook', requests: 'HTTP requests', of: outlook },
  { name: 'IMAP with QRESYNC', requests: 'commands', of: imapWithout() },
  {
    name: 'IMAP without QRESYNC and CONDSTORE',
    requests: 'commands',
    of: imapWithout('QRESYNC', 'CONDSTORE'),
  },
]

/** By size, of each repeat. */
type Measured = { ms: number[]; requests: number[] }[]

export const incremental: Bench = {
  about: '10 new messages in mailboxes of 1,000, 10,000 and 100,000: time and requests until they are stored',
  async run(context): Promise<Report> {
    const largest = context.option('count', 100_000)
    const sizes = SHARES.map(share => Math.max(1, Math.round(largest * share)))
    const rows: string[][] = []
    const goals: Goal[] = []
    for (const { name, requests, of } of PROVIDERS) {
      const measured = await measure(context, name, of, sizes)
      const [smallest, biggest] = [measured[0], measured.at(-1)]
      for (const [at, each] of measured.entries())
        rows.push([
          name,
          (sizes[at] ?? 0).toLocaleString('en-US'),
          spread(each.ms),
          spread(pairwise(each.ms, smallest?.ms ?? [])),
          `${spread(each.requests)} ${requests}`,
        ])
      const beside = (of: 'ms' | 'requests') => median(pairwise(biggest?.[of] ?? [], smallest?.[of] ?? []))
      goals.push(
        goal(`${name}: time of the largest ≤ 1.2 × the smallest`, beside('ms'), value => value <= 1.2, '×'),
      )
      goals.push(
        goal(
          `${name}: requests of the largest ≤ 1.2 × the smallest`,
          beside('requests'),
          value => value <= 1.2,
          '×',
        ),
      )
    }
    return {
      name: 'incremental',
      title: 'incremental: what a few new messages cost in a large mailbox',
      about: `${NEW} new messages in mailboxes of ${sizes.map(size => size.toLocaleString('en-US')).join(', ')}: from the mark of the doorbell to the commit that stores the last of them, and what is asked of the provider until nothing is due. The sizes take turns, ${ROUNDS} rounds a repeat, of which the median counts.`,
      columns: ['', 'messages', 'ms', 'beside the smallest', 'asked of the provider'],
      rows,
      goals,
      notes: [
        'Gmail and Outlook are played by a sandbox in a process of its own, quota off, which counts its requests; IMAP is Dovecot (sdbox: of a Maildir it reads the whole directory again after each change), its commands counted by a relay, unencrypted.',
        'What the mailboxes hold is made-up mail, delivered beforehand and stored by the engine’s own backfill; then VACUUM ANALYZE, as autovacuum does.',
      ],
    }
  },
}

async function measure(context: Context, name: string, of: ProviderOf, sizes: number[]): Promise<Measured> {
  const postgres = await benchPostgres(context)
  const mailboxes = []
  for (const size of sizes) {
    context.say(`${name}: filling a mailbox of ${size}`)
    mailboxes.push(await growingMailbox(context, postgres, await of(context, size), size))
  }
  const measured: Measured = sizes.map(() => ({ ms: [], requests: [] }))
  for (const mailbox of mailboxes) await mailbox.arrive(NEW, context.signal)
  for (let repeat = 0; repeat < context.repeats; repeat++) {
    const rounds: Measured = sizes.map(() => ({ ms: [], requests: [] }))
    for (let round = 0; round < ROUNDS; round++)
      for (const [at, mailbox] of mailboxes.entries()) {
        const { ms, requests } = await mailbox.arrive(NEW, context.signal)
        rounds[at]?.ms.push(ms)
        rounds[at]?.requests.push(requests)
      }
    for (const [at, each] of rounds.entries()) {
      measured[at]?.ms.push(median(each.ms))
      measured[at]?.requests.push(median(each.requests))
    }
    context.say(`${name} ${repeat + 1}: ${rounds.map(({ ms }) => `${median(ms).toFixed(0)} ms`).join(', ')}`)
  }
  return measured
}
