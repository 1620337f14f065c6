import type { Browser, Page } from 'playwright'
import type { Context } from './bench.ts'
import { watchDom } from './browser.ts'
import { steadily } from './deliver.ts'
import type { Product } from './product.ts'

const APPEAR_MS = 15_000

/** Moments of one delivery, on our clock. */
type Delivery = { began: number; shown: number }
/** Milliseconds of each delivery that arrived, and how many never did. */
export type Times = { ms: number[]; lost: number; deliveries: Map<string, Delivery> }

/** The product's page, filled, with nothing under way. */
export async function openProduct(browser: Browser, product: Product): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1_280, height: 900 } })
  await page.goto(product.link)
  await page.getByTestId('thread-row').first().waitFor({ timeout: 60_000 })
  // Fill and backfill are over: what comes from now on is live.
  await page.waitForFunction(
    () => document.querySelectorAll('[data-testid="thread-row"]').length >= 8,
    undefined,
    { timeout: 60_000 },
  )
  await new Promise(resolve => setTimeout(resolve, 3_000))
  return page
}

/** Delivers marks at the rate and waits until the page has shown each, or for as long as one may take. */
export async function measure(
  context: Context,
  page: Page,
  name: string,
  count: number,
  rate: number,
  /** Resolves with the moment that counts as the beginning. */
  deliver: (mark: string) => Promise<number>,
): Promise<Times> {
  await page.bringToFront()
  const seen = await watchDom(page)
  const moments = new Map<string, number>()
  const run = `${name}${Date.now().toString(36)}`
  await steadily(count, rate, context.signal, async n => {
    const mark = `bench-${run}-${n}`
    moments.set(mark, await deliver(mark))
  })
  const deadline = performance.now() + APPEAR_MS
  let marks = await seen.marks()
  while ([...moments.keys()].some(mark => !marks.has(mark)) && performance.now() < deadline) {
    await new Promise(resolve => setTimeout(resolve, 200))
    marks = await seen.marks()
  }
  const deliveries = new Map<string, Delivery>()
  for (const [mark, began] of moments) {
    const shown = marks.get(mark)
    if (shown !== undefined) deliveries.set(mark, { began, shown })
  }
  const ms = [...deliveries.values()].map(({ began, shown }) => shown - began)
  return { ms, lost: count - ms.length, deliveries }
}
