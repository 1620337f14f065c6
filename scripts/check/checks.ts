import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { runTool, type ToolResult } from '../lib/run-tool.ts'
import { root } from '../start/root.ts'

export interface Check {
  name: string
  run(): Promise<ToolResult>
}

const timeoutMs = 5 * 60_000

/** What `npm run check` holds: each is one passed or failed in the count of `npm test`. */
export const checks: readonly Check[] = [
  {
    name: 'format and lint (biome)',
    run: () => runTool(['biome', 'check', '--max-diagnostics=100', '.'], { timeoutMs }),
  },
  { name: 'types (tsc)', run: types },
  { name: 'arrows (dependency-cruiser)', run: arrows },
  {
    name: 'unused files, exports, dependencies (knip)',
    run: () => runTool(['knip', '--no-progress', '--no-config-hints'], { timeoutMs }),
  },
]

async function types(): Promise<ToolResult> {
  if (existsSync(join(root, 'apps', 'web', 'src', 'app'))) {
    // The routes' types are generated; without them a fresh clone has no PageProps and no next-env.d.ts.
    const generated = await runTool([process.execPath, nextBin(), 'typegen'], {
      timeoutMs,
      cwd: join(root, 'apps', 'web'),
      env: { NEXT_TELEMETRY_DISABLED: '1' },
    })
    if (!generated.ok) return generated
  }
  const projects = globSync(['{apps,packages}/*/tsconfig.json', 'scripts/tsconfig.json'], { cwd: root })
  const outputs: string[] = []
  for (const project of projects.sort()) {
    const { ok, output, reason } = await runTool(['tsc', '-p', project, '--noEmit', '--pretty', 'false'], {
      timeoutMs,
    })
    // TS18003: the project has no file yet.
    if (!ok && !/TS18003/.test(output)) outputs.push(`${project}: ${reason}\n${output.trim()}`)
  }
  return {
    ok: outputs.length === 0,
    reason: `${outputs.length} projects do not compile`,
    output: outputs.join('\n'),
  }
}

async function arrows(): Promise<ToolResult> {
  const command = ['depcruise', '--config', '.dependency-cruiser.mjs', 'packages', 'apps', 'scripts']
  const result = await runTool(command, { timeoutMs })
  // Without a TypeScript it understands it reads nothing and finds everything in order.
  const modules = Number(/(\d+) modules/.exec(result.output)?.[1] ?? 0)
  if (result.ok && modules < 50) {
    return {
      ...result,
      ok: false,
      reason: `dependency-cruiser saw ${modules} modules: it does not read TypeScript here`,
    }
  }
  return result
}

function nextBin(): string {
  return join(root, 'apps', 'web', 'node_modules', 'next', 'dist', 'bin', 'next')
}
