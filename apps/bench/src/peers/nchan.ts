import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { spawnHeld } from '../../../../scripts/start/child.ts'
import { httpReady } from '../../../../scripts/start/http-ready.ts'
import { freePort } from '../../../../scripts/start/ports.ts'
import type { Context } from '../bench.ts'

const MODULES = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules', '/usr/share/nginx/modules']
const NGINX = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx']

export type Nchan = {
  port: number
  pid: number
  publish(text: string): Promise<void>
  stop(): Promise<void>
}

/** nginx with nchan, one worker process, one channel. null where it is not installed (Debian: libnginx-mod-nchan). */
export async function startNchan(context: Context): Promise<Nchan | null> {
  const nginx = NGINX.find(file => existsSync(file))
  const module = MODULES.map(folder => join(folder, 'ngx_nchan_module.so')).find(file => existsSync(file))
  if (!nginx || !module) return null
  const folder = await context.folder('nchan')
  const port = await freePort()
  const file = join(folder, 'nginx.conf')
  await writeFile(file, configuration(module, folder, port))
  const child = spawnHeld([nginx, '-p', folder, '-c', file, '-e', join(folder, 'error.log')], {
    name: 'nginx',
    logFile: join(folder, 'nginx.log'),
    cwd: folder,
    env: {},
    graceMs: 3_000,
    signal: 'SIGTERM',
    group: true,
  })
  context.onEnd(() => child.stop())
  const ready = { signal: context.signal, timeoutMs: 10_000, accept: () => true }
  await httpReady(`http://127.0.0.1:${port}/ready`, child, ready)
  return {
    port,
    pid: child.identity.pid,
    stop: () => child.stop(),
    async publish(text) {
      const answer = await fetch(`http://127.0.0.1:${port}/publish`, { method: 'POST', body: text })
      if (!answer.ok) throw new Error(`nchan answered ${answer.status} to a publication.`)
      await answer.arrayBuffer()
    },
  }
}

function configuration(module: string, folder: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map(kind => `${kind}_temp_path ${join(folder, kind)};`)
    .join('\n  ')
  return `load_module ${module};
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
worker_rlimit_nofile 16384;
pid ${join(folder, 'nginx.pid')};
error_log ${join(folder, 'error.log')} warn;
events { worker_connections 16000; }
http {
  access_log off;
  ${temporary}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /ready { return 204; }
    location = /publish { nchan_publisher; nchan_channel_id all; nchan_store_messages off; }
    location = /subscribe { nchan_subscriber eventsource; nchan_channel_id all; nchan_subscriber_first_message newest; }
  }
}
`
}
