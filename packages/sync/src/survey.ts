import type { Work } from './work.ts'

/** Resources that cannot be told from a distance and are pulled all the same, each time. */
export const IN_TURN = 10

/**
 * Which of the account's resources have news: one question to the provider, asked by the run of the tree instead of a run
 * of each (decision 013). What rests is passed over only on its word; what is being listed, or has no cursor, is pulled.
 */
export async function survey({ port, engine, claim, conn }: Work, signal: AbortSignal): Promise<void> {
  if (!port.survey || port.tree !== claim.key) return
  const { store, world, bus } = engine
  const lanes = (await store.account(claim.accountId))?.resources ?? []
  const listed = new Set(
    lanes.flatMap(({ key, lane, cursor }) => (lane === 'listing' && cursor !== null ? key : [])),
  )
  const resting = lanes
    .filter(({ key, lane, due }) => lane === 'live' && key !== claim.key && !due)
    .sort((a, b) => (a.lastSyncedAt ?? 0) - (b.lastSyncedAt ?? 0))
  const cursors = new Map<string, string>()
  for (const { key, cursor } of resting) if (cursor !== null && !listed.has(key)) cursors.set(key, cursor)
  const looks = cursors.size === 0 ? new Map() : await port.survey(conn, cursors, signal)
  let turns = IN_TURN
  let marked = 0
  for (const { id, key } of resting) {
    const look = cursors.has(key) ? (looks.get(key) ?? 'pull') : 'pull'
    if (look === 'same' || (look === 'unsure' && turns-- <= 0)) continue
    marked += await store.mark({ resourceId: id }, 'poll', world.now())
  }
  if (marked > 0) await bus.ring({ type: 'work' })
}
