import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { it } from 'vitest'
import { liveQuery } from 'dexie'
import { MirrorDb } from '../src/tables.ts'
it('debug', async () => {
  const db = new MirrorDb('x', { indexedDB: new IDBFactory(), IDBKeyRange })
  liveQuery(async () => { const a = await db.meta.get('feed'); console.log('step1'); const b = await db.labels.toArray(); console.log('step2'); return { a, b } }).subscribe({ next: x => console.log('NEXT', JSON.stringify(x)), error: e => console.log('ERR', e) })
  await new Promise(r => setTimeout(r, 300))
  await db.labels.put({ id: 'a' } as never)
  await new Promise(r => setTimeout(r, 300))
  let s: unknown
  liveQuery(() => db.labels.toArray()).subscribe({ next: x => console.log('NEXT2', JSON.stringify(x)), error: e => console.log('ERR', e) })
  await new Promise(r => setTimeout(r, 300))
})
