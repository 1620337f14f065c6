import { type Browser, chromium, type Page } from 'playwright'
import { chromiumLaunch } from '../../../scripts/test/chromium.ts'
import type { Context } from './bench.ts'

export async function startBrowser(context: Context): Promise<Browser> {
  const browser = await chromium.launch({
    ...chromiumLaunch,
    // A page in the background would have its timers slowed down, which a reader's visible tab has not.
    args: [
      ...chromiumLaunch.args,
      '--disable-background-timer-throttling',
      '--disable-renderer-backgrounding',
      '--disable-backgrounding-occluded-windows',
    ],
  })
  context.onEnd(() => browser.close())
  return browser
}

/** Epoch milliseconds with fractions, on the monotonic clock of this process. */
export const clock = (): number => performance.timeOrigin + performance.now()

/**
 * What to add to a moment of the page's clock to have it on ours. Both are made of one machine's clocks, but each
 * process pins its own origin: measured by the shortest of many questions, good to half of its round trip.
 */
export async function clockOffset(page: Page): Promise<{ addMs: number; uncertainMs: number }> {
  let best = { addMs: 0, uncertainMs: Number.POSITIVE_INFINITY }
  for (let i = 0; i < 40; i++) {
    const before = clock()
    const there = await page.evaluate(() => performance.timeOrigin + performance.now())
    const after = clock()
    const uncertainMs = (after - before) / 2
    if (uncertainMs < best.uncertainMs) best = { addMs: before + uncertainMs - there, uncertainMs }
  }
  // Within what the question can tell, the clocks agree: then nothing is corrected.
  return Math.abs(best.addMs) <= best.uncertainMs ? { ...best, addMs: 0 } : best
}

export type Seen = {
  /** When each mark was first in the DOM, on our clock. */
  marks(): Promise<Map<string, number>>
  uncertainMs: number
}

/**
 * Notes when each mark (`bench-…-`, with a dash behind it) first stands in the page's text. A MutationObserver hears of
 * a change in the same task that made it, before it is painted.
 */
export async function watchDom(page: Page): Promise<Seen> {
  await page.evaluate(() => {
    const seen = new Map<string, number>()
    Object.assign(window, { benchSeen: seen })
    const look = (text: string | null) => {
      if (!text?.includes('bench-')) return
      const at = performance.timeOrigin + performance.now()
      for (const [mark] of text.matchAll(/bench-[a-z0-9]+-\d+(?=-)/g)) if (!seen.has(mark)) seen.set(mark, at)
    }
    new MutationObserver(records => {
      for (const record of records) {
        if (record.type === 'characterData') look(record.target.textContent)
        for (const node of record.addedNodes) look(node.textContent)
      }
    }).observe(document.body, { childList: true, subtree: true, characterData: true })
  })
  const { addMs, uncertainMs } = await clockOffset(page)
  return {
    uncertainMs,
    async marks() {
      const found = await page.evaluate(() => [
        ...(window as unknown as { benchSeen: Map<string, number> }).benchSeen,
      ])
      return new Map(found.map(([mark, at]) => [mark, at + addMs]))
    },
  }
}
