import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright'
import type { Context } from './bench.ts'
import { clockOffset } from './browser.ts'
import { type Product, pidOf } from './product.ts'
import { format, quantile } from './stats.ts'

type Hop = { what: string; from: number; to: number; marks: string[] }
/** One moment in the page, on its own clock. */
type PageHop = {
  what: 'heard' | 'storing' | 'stored' | 'dom' | 'painted' | 'commit'
  at: number
  mark: string
  rendered?: number
}

/** The environment that has the product's processes note their hops in a folder, see hops-server.ts. */
export async function hopsEnvironment(
  context: Context,
): Promise<{ env: Record<string, string>; folder: string }> {
  const folder = await context.folder('hops')
  const preload = new URL('./hops-server.ts', import.meta.url)
  preload.searchParams.set('folder', folder)
  return { folder, env: { NODE_OPTIONS: `--import=${preload.href}` } }
}

/**
 * Runs deliveries with every hop noted, and says where the time goes. Apart from the measured turns: noting costs a
 * little itself. The page is loaded again, since its hops are noted from its start on.
 */
export async function breakdown(
  product: Product,
  page: Page,
  folder: string,
  deliver: () => Promise<ReadonlyMap<string, number>>,
): Promise<string[]> {
  await page.addInitScript(notePageHops)
  await page.reload()
  await page.getByTestId('thread-row').first().waitFor({ timeout: 60_000 })
  await new Promise(resolve => setTimeout(resolve, 3_000))
  const toggle = () => {
    for (const child of ['web', 'sandbox']) process.kill(pidOf(product, child), 'SIGUSR2')
  }
  toggle()
  const began = await deliver()
  toggle()
  await new Promise(resolve => setTimeout(resolve, 500))
  const { addMs } = await clockOffset(page)
  const inPage = await page.evaluate(() => (window as unknown as { benchHops: PageHop[] }).benchHops)
  const seen = inPage.map(hop => ({ ...hop, at: hop.at + addMs }))
  const hops = await readHops(folder)
  return summary([...began].map(([mark, at]) => hopsOf(mark, at, hops, seen)))
}

async function readHops(folder: string): Promise<Hop[]> {
  const files = await readdir(folder)
  const texts = await Promise.all(files.map(file => readFile(join(folder, file), 'utf8')))
  const lines = texts.flatMap(text => text.split('\n').filter(Boolean))
  return lines.map(line => JSON.parse(line) as Hop).sort((a, b) => a.to - b.to)
}

const STAGES = [
  'push answered',
  'history asked',
  'history answered',
  'message asked',
  'message answered',
  'committed',
  'hub read',
  'written to the stream',
  'heard by the page',
  'IndexedDB begun',
  'IndexedDB committed',
  'in the DOM',
  'painted',
] as const
type Moments = Partial<Record<(typeof STAGES)[number] | 'provider' | 'commits' | 'renders', number>>

/** When each stage of one delivery was reached, in ms after its push left. Those that cannot be told are left out. */
function hopsOf(mark: string, began: number, hops: readonly Hop[], page: readonly PageHop[]): Moments {
  const written = hops.find(hop => hop.what === 'written' && hop.marks.includes(mark))
  if (!written) return {}
  const before = hops.filter(hop => hop.from >= began && hop.to <= written.from)
  const last = (match: RegExp, among = before) => among.findLast(hop => match.test(hop.what))
  const webhook = hops.find(hop => hop.from >= began && hop.what.startsWith('served /api/webhooks'))
  const message = last(/^served .*\/messages\//)
  const history = last(
    /^served .*\/history/,
    before.filter(hop => hop.to <= (message?.from ?? 0)),
  )
  const statements = before.filter(
    hop => hop.what.startsWith('sql') && hop.from >= (message?.to ?? Number.POSITIVE_INFINITY),
  )
  const provider = before.filter(hop => hop.what.startsWith('served /gmail/'))
  const inPage = (what: PageHop['what']) => page.find(hop => hop.what === what && hop.mark === mark)?.at
  const next = page.filter(
    hop => hop.what === 'commit' && hop.at >= written.from && hop.at < written.from + 150,
  )
  const moments: Record<string, number | undefined> = {
    'push answered': webhook?.to,
    'history asked': history?.from,
    'history answered': history?.to,
    'message asked': message?.from,
    'message answered': message?.to,
    committed: statements.findLast(hop => /commit/i.test(hop.what) && !/follow|json_agg/.test(hop.what))?.to,
    'hub read': statements.findLast(hop => /json_agg|floor/.test(hop.what))?.to,
    'written to the stream': written.from,
    'heard by the page': inPage('heard'),
    'IndexedDB begun': inPage('storing'),
    'IndexedDB committed': inPage('stored'),
    'in the DOM': inPage('dom'),
    painted: inPage('painted'),
  }
  const after = Object.entries(moments).flatMap(([stage, at]) =>
    at === undefined ? [] : [[stage, at - began]],
  )
  return {
    ...Object.fromEntries(after),
    provider: provider.reduce((sum, hop) => sum + hop.to - hop.from, 0),
    commits: next.length,
    renders: next.reduce((sum, hop) => sum + (hop.rendered ?? 0), 0),
  }
}

function summary(deliveries: readonly Moments[]): string[] {
  const p50 = (stage: keyof Moments) =>
    quantile(
      deliveries.flatMap(moments => moments[stage] ?? []),
      0.5,
    )
  // Differences within one delivery: not every delivery has every stage, so those of the medians above mislead.
  const onPage = STAGES.slice(STAGES.indexOf('heard by the page'))
  const steps = onPage.slice(1).map((stage, i) => {
    const since = onPage[i] as (typeof STAGES)[number]
    const took = deliveries.flatMap(moments => {
      const [from, to] = [moments[since], moments[stage]]
      return from === undefined || to === undefined ? [] : [to - from]
    })
    return `${stage} ${format(quantile(took, 0.5))}`
  })
  const stages = STAGES.map(stage => `${stage} ${format(p50(stage))}`).join(', ')
  return [
    `Where ours goes, p50 of ${deliveries.length} deliveries in ms after the push left, with every hop noted: ${stages}.`,
    `On the page each of them took, p50 in ms after the one before, from heard on: ${steps.join(', ')}.`,
    `Of that the provider’s stand-in took ${format(p50('provider'))} ms to answer. In the 150 ms after the write the page rendered ${format(p50('renders'))} components in ${format(p50('commits'))} React commits.`,
  ]
}

/** Runs in the page, before anything of it. */
function notePageHops(): void {
  const hops: PageHop[] = []
  const now = () => performance.timeOrigin + performance.now()
  const markIn = (text: string | null) => text?.match(/bench-[a-z0-9]+-\d+(?=-)/)?.[0] ?? ''
  const seen = new Set<string>()
  const note = (what: PageHop['what'], mark: string, rendered = 0) => {
    if (mark && seen.has(`${what} ${mark}`)) return
    seen.add(`${what} ${mark}`)
    hops.push({ what, at: now(), mark, rendered })
  }

  const { decode } = TextDecoder.prototype
  TextDecoder.prototype.decode = function (...args) {
    const text = decode.apply(this, args)
    const mark = markIn(text)
    if (mark) note('heard', mark)
    return text
  }

  const { put } = IDBObjectStore.prototype
  IDBObjectStore.prototype.put = function (value, ...key) {
    const mark = markIn(value?.subject ?? '')
    if (mark) {
      note('storing', mark)
      this.transaction.addEventListener('complete', () => note('stored', mark))
    }
    return put.call(this, value, ...key)
  }

  type Fiber = {
    flags: number
    child: Fiber | null
    sibling: Fiber | null
    alternate: Fiber | null
    type: unknown
  }
  /** Function components that ran for this commit. A child shared with the last tree was not looked at. */
  const rendered = (fiber: Fiber | null): number => {
    let count = 0
    for (let each = fiber; each; each = each.sibling) {
      const performed = (each.flags & 1) === 1 && each.type !== null && typeof each.type !== 'string'
      const own = performed ? 1 : 0
      const same = each.alternate !== null && each.alternate.child === each.child
      count += own + (same ? 0 : rendered(each.child))
    }
    return count
  }
  Object.assign(window, {
    benchHops: hops,
    __REACT_DEVTOOLS_GLOBAL_HOOK__: {
      supportsFiber: true,
      renderers: new Map(),
      inject: () => 1,
      onCommitFiberUnmount() {},
      onPostCommitFiberRoot() {},
      onCommitFiberRoot: (_: number, root: { current: Fiber }) =>
        note('commit', '', rendered(root.current.child)),
    },
  })

  const look = (text: string | null) => {
    const mark = markIn(text)
    if (!mark) return
    note('dom', mark)
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => note('painted', mark)
      port2.postMessage(null)
    })
  }
  addEventListener('DOMContentLoaded', () =>
    new MutationObserver(records => {
      for (const { target, addedNodes, type } of records) {
        if (type === 'characterData') look(target.textContent)
        for (const node of addedNodes) look(node.textContent)
      }
    }).observe(document.body, { childList: true, subtree: true, characterData: true }),
  )
}
