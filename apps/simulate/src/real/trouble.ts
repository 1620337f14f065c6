import { setTimeout as sleep } from 'node:timers/promises'
import { JUDGE } from './database.ts'
import type { Trouble } from './plan.ts'
import type { Stack } from './stack.ts'
import { lapseLeases } from './time.ts'

const OTHERS = `FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> '${JUDGE}'`

/** Makes trouble, waits for as long as it lasts, and mends it. */
export async function makeTrouble(
  stack: Stack,
  { type, index, forMs }: Trouble,
  userIds: readonly string[],
): Promise<void> {
  const web = stack.webs[index % stack.webs.length]
  const worker = stack.workers[index % stack.workers.length]
  switch (type) {
    case 'killWeb':
    case 'killWorker':
    case 'killRedis': {
      const service = type === 'killWeb' ? web : type === 'killWorker' ? worker : stack.redis
      await service?.kill()
      await sleep(forMs)
      return service?.start()
    }
    case 'endWeb':
    case 'endWorker': {
      const service = type === 'endWeb' ? web : worker
      await service?.end()
      return service?.start()
    }
    case 'freezeWorker':
    case 'freezeWeb': {
      const service = type === 'freezeWorker' ? worker : web
      service?.freeze()
      await lapseLeases(stack.database, userIds)
      await sleep(forMs)
      return service?.thaw()
    }
    case 'freezeRedis':
      stack.redis.freeze()
      await sleep(forMs)
      return stack.redis.thaw()
    case 'cutDatabase':
      await stack.database.query(`SELECT pg_terminate_backend(pid) ${OTHERS}`)
      return
    case 'crashDatabase': {
      // Postgres ends every session and recovers from its log when one of its processes dies like this.
      const [backend] = await stack.database.query<{ pid: number }>(`SELECT pid ${OTHERS} LIMIT 1`)
      if (backend) process.kill(backend.pid, 'SIGKILL')
      return
    }
    case 'tokensDown':
      for (const path of ['/token', '/*/oauth2/v2.0/token'])
        await stack.sandbox.control('faults', { kind: 'status', status: 503, match: { path }, forMs })
      return
    case 'freezeServer':
      return stack.imap?.freeze(forMs)
    case 'restartServer':
      return stack.imap?.restart(forMs)
  }
}

/** Everything runs again. */
export async function endTroubles(stack: Stack): Promise<void> {
  const all = [stack.redis, ...stack.webs, ...stack.workers]
  for (const service of all) service.thaw()
  await Promise.all([stack.imap?.rest(), ...all.map(service => service.start())])
}
