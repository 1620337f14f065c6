import pg from 'pg'
import type { Browser, Page } from 'playwright'
import { demoMailbox } from '../../../scripts/start/environment.ts'
import type { Bench, Context } from './bench.ts'
import { clock, startBrowser } from './browser.ts'
import { deliverMark } from './deliver.ts'
import { breakdown, hopsEnvironment } from './hops.ts'
import type { ChainOrder, ChainTold } from './peers/bare-chain.ts'
import { type Post, poster } from './post.ts'
import { control, type Product, startProduct } from './product.ts'
import { pushBody, takePushToken } from './push-token.ts'
import { goal, type Report } from './report.ts'
import { measure, openProduct, type Times } from './shown.ts'
import { median, pairwise, quantile, spread } from './stats.ts'
import { startWorker } from './worker.ts'

const WARM_UP = 10
/** Deliveries of which every hop is noted. */
const HOPS = 50

export const latency: Bench = {
  about: 'webhook request → row committed → stream event → DOM in Chromium, beside a bare chain',
  async run(context): Promise<Report> {
    const rate = context.option('rate', 5)
    const count = context.option('count', 600)
    const each = Math.ceil(count / context.repeats)
    const { env, folder } = await hopsEnvironment(context)
    const product = await startProduct(context, { messages: 300, env })
    const browser = await startBrowser(context)
    const page = await openProduct(browser, product)
    const { authorization, restore } = await takePushToken(product)
    const token = (await control(product.sandboxUrl, 'token', { account: demoMailbox })) as {
      access_token: string
    }
    const chain = await openChain(context, browser, product, null)
    const asking = await openChain(context, browser, product, token.access_token)
    const webhook = poster(product.baseUrl, '/api/webhooks/gmail', authorization)

    /** Delivered unheard at the provider, then rung by us: the clock starts with the push request. */
    const ours = (n: number, name: string) =>
      measure(context, page, name, n, rate, async mark => {
        await deliverMark(product.sandboxUrl, mark)
        const began = clock()
        await post(webhook, pushBody(mark))
        return began
      })
    const bare = (n: number, name: string) =>
      measure(context, chain.page, name, n, rate, async mark => {
        const began = clock()
        await post(chain.post, JSON.stringify({ subject: `${mark}- a message of the bench` }))
        return began
      })
    const bareAsking = (n: number, name: string) =>
      measure(context, asking.page, name, n, rate, async mark => {
        await deliverMark(product.sandboxUrl, mark)
        const began = clock()
        await post(asking.post, '{}')
        return began
      })

    for (const warm of [ours, bare, bareAsking]) await warm(WARM_UP, 'warm')
    const turns: { ours: Times; bare: Times; asking: Times }[] = []
    for (let i = 0; i < context.repeats; i++) {
      const turn = {
        ours: await ours(each, `o${i}`),
        bare: await bare(each, `f${i}`),
        asking: await bareAsking(each, `a${i}`),
      }
      turns.push(turn)
      context.say(
        `${i + 1}: ours p50 ${quantile(turn.ours.ms, 0.5).toFixed(1)} ms, floor ${quantile(turn.bare.ms, 0.5).toFixed(1)} ms`,
      )
    }
    context.say('hop by hop')
    const hops = await breakdown(product, page, folder, async () => {
      const { deliveries } = await ours(HOPS, 'hops')
      return new Map([...deliveries].map(([mark, { began }]) => [mark, began]))
    })
    await restore()
    context.say('through the provider’s own pushes')
    const through = await measure(context, page, 'through', count, rate, async mark => {
      const began = clock()
      await deliverMark(product.sandboxUrl, mark)
      return began
    })
    const all = (of: 'ours' | 'bare' | 'asking') => turns.flatMap(turn => turn[of].ms)
    const at = (of: 'ours' | 'bare' | 'asking', share: number) =>
      turns.map(turn => quantile(turn[of].ms, share))
    const line = (name: string, of: 'ours' | 'bare' | 'asking') => [
      name,
      ...[0.5, 0.95, 0.99].map(share => spread(at(of, share))),
      spread([Math.max(...all(of))]),
      `${all(of).length}`,
      `${turns.reduce((sum, turn) => sum + turn[of].lost, 0)}`,
    ]
    const lost = through.lost + turns.reduce((sum, turn) => sum + turn.ours.lost, 0)
    const ratio = pairwise(at('ours', 0.5), at('bare', 0.5))
    return {
      name: 'latency',
      title: 'latency: from the push to the page',
      about: `${rate} deliveries a second; ms until a MutationObserver in Chromium sees the message. Ours: the message waits at the provider, the clock starts as the signed push request leaves; verified, marked, history and message fetched from the sandbox, committed, streamed, stored in IndexedDB, rendered by the product’s page. The floor: POST → INSERT, commit, NOTIFY → SSE → DOM, nothing else. Last line: from the delivery at the provider on, with its own pushes, of which Gmail (and the sandbox) sends one a second and user.`,
      columns: ['', 'p50', 'p95', 'p99', 'max', 'arrived', 'lost'],
      rows: [
        line('ours, from the push request', 'ours'),
        line('floor: bare chain', 'bare'),
        line('bare chain that asks the provider as one must', 'asking'),
        [
          'ours, from the delivery (1 push a second)',
          ...[0.5, 0.95, 0.99, 1].map(share => spread([quantile(through.ms, share)])),
          `${through.ms.length}`,
          `${through.lost}`,
        ],
      ],
      goals: [
        goal('p50 ≤ 2 × the floor', median(ratio), value => value <= 2, '×'),
        goal(
          'p95 ≤ 2 × the floor',
          median(pairwise(at('ours', 0.95), at('bare', 0.95))),
          value => value <= 2,
          '×',
        ),
        goal(
          'under 2 s always',
          Math.max(...all('ours'), ...through.ms),
          value => value < 2_000,
          'ms at most',
        ),
        goal('nothing lost', lost, value => value === 0, 'of all'),
      ],
      notes: [
        `p50 of ours beside the bare chain that asks the provider: ${spread(pairwise(at('ours', 0.5), at('asking', 0.5)))} ×.`,
        ...hops,
        'The two bare chains are one process each; the product is one process too, and the sandbox, Postgres and Chromium share the cores with all of them.',
      ],
    }
  },
}

async function openChain(
  context: Context,
  browser: Browser,
  product: Product,
  token: string | null,
): Promise<{ page: Page; post: Post }> {
  const worker = startWorker<ChainOrder, ChainTold>(context, './peers/bare-chain.ts')
  const ask =
    token === null ? null : { url: product.sandboxUrl, token, historyId: await historyId(product, token) }
  const database = await ownDatabase(product, token === null ? 'bare_chain' : 'bare_chain_asking')
  worker.send({ databaseUrl: database, ask })
  const { port } = await worker.next((told): told is ChainTold => true, 20_000)
  const page = await browser.newPage({ viewport: { width: 1_280, height: 900 } })
  await page.goto(`http://127.0.0.1:${port}/`)
  return { page, post: poster(`http://127.0.0.1:${port}`, '/push', '') }
}

async function historyId(product: Product, token: string): Promise<string> {
  const answer = await fetch(`${product.sandboxUrl}/gmail/v1/users/me/profile`, {
    headers: { authorization: `Bearer ${token}` },
  })
  return ((await answer.json()) as { historyId: string }).historyId
}

/** Beside the product's, on the same server. */
async function ownDatabase(product: Product, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: product.databaseUrl })
  await client.connect()
  await client.query(`CREATE DATABASE ${name}`).finally(() => client.end())
  const url = new URL(product.databaseUrl)
  url.pathname = `/${name}`
  return url.href
}

async function post(send: Post, body: string): Promise<void> {
  const status = await send(body)
  if (status !== 204) throw new Error(`The push was answered ${status} instead of 204.`)
}
