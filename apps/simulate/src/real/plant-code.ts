// Preloaded (node --import plant-code.ts?bug=NAME) into a worker: its sources are read with one bug in them.
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../../../../scripts/start/root.ts'
import { codeBugs, withBug } from './code-bugs.ts'

const name = new URL(import.meta.url).searchParams.get('bug')
const bug = codeBugs.find(each => each.name === name)
if (!bug) throw new Error(`There is no bug ${name}.`)
const file = pathToFileURL(join(root, bug.file))

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)
    return url === file.href ? { ...loaded, source: withBug(readFileSync(file, 'utf8'), bug) } : loaded
  },
})
