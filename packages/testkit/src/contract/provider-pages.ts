import type { PulledMessage, PulledPage } from '@inlet/sync/provider-port'

export async function collect<T>(source: AsyncIterable<T>, into: T[] = []): Promise<T[]> {
  for await (const item of source) into.push(item)
  return into
}

export function lastCursor(pages: PulledPage[]): string {
  const cursor = pages.at(-1)?.cursor
  if (cursor === null || cursor === undefined) throw new Error('The last page has no cursor.')
  return cursor
}

export function changesIn(pages: PulledPage[]): { ids: string[]; deletions: string[] } {
  const ids = pages.flatMap(page => [...page.upserts, ...page.touched].map(each => each.id))
  return { ids: [...new Set(ids)], deletions: pages.flatMap(page => page.deletions.map(each => each.id)) }
}

export const stateOf = ({
  labelIds,
  unread,
  starred,
}: Pick<PulledMessage, 'labelIds' | 'unread' | 'starred'>) => ({
  labelIds: [...labelIds].sort(),
  unread,
  starred,
})

/** The state that a message has once the pages’ patches are applied to it. */
export function applyPatches(message: PulledMessage, pages: PulledPage[]): ReturnType<typeof stateOf> {
  let state = stateOf(message)
  for (const patch of pages.flatMap(page => page.patches).filter(each => each.id === message.id)) {
    const labels = new Set(state.labelIds)
    for (const label of patch.remove) labels.delete(label)
    for (const label of patch.add) labels.add(label)
    state = stateOf({
      labelIds: [...labels],
      unread: patch.unread ?? state.unread,
      starred: patch.starred ?? state.starred,
    })
  }
  return state
}
