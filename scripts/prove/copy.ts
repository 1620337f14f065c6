import { execFileSync } from 'node:child_process'
import { constants, existsSync, globSync } from 'node:fs'
import { copyFile, cp, lstat, mkdir, mkdtemp, readdir, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { root } from '../start/root.ts'

/** Made by `prisma generate` and ignored by git. */
const generated = 'packages/db/src/generated'

/**
 * A copy of the checkout as it is now, uncommitted changes included, in a temporary folder: what is broken there is
 * broken nowhere else. Installed packages are linked. Answers the folder.
 */
export async function copyCheckout(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'inlet-prove-'))
  for (const file of sourceFiles()) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await copyFile(join(root, file), join(folder, file), constants.COPYFILE_FICLONE)
  }
  await cp(join(root, generated), join(folder, generated), { recursive: true })
  // The links that pnpm has put there are relative, so they lead to the copy's own packages.
  for (const modules of globSync('{apps,packages}/*/node_modules', { cwd: root }))
    await cp(join(root, modules), join(folder, modules), {
      recursive: true,
      verbatimSymlinks: true,
      filter: path => basename(path) === 'node_modules' || !basename(path).startsWith('.'),
    })
  await linkInstalled(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

function sourceFiles(): string[] {
  const list = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  // A file that was deleted and not committed is still listed.
  return list.split('\0').filter(file => file !== '' && existsSync(join(root, file)))
}

/** Entry by entry: what tools write beside the packages (.vite, .vite-temp) is each copy's own. */
async function linkInstalled(from: string, to: string): Promise<void> {
  await mkdir(to)
  for (const name of await readdir(from)) {
    if (name.startsWith('.') && name !== '.pnpm' && name !== '.bin') continue
    const isFolder = (await lstat(join(from, name))).isDirectory()
    await symlink(join(from, name), join(to, name), isFolder ? 'dir' : null)
  }
}
