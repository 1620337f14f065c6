export const THEME_KEY = 'inlet-theme'

/** Runs in <head> before the first paint, so that a dark screen never flashes white. */
export const themeScript = `(()=>{let t=null;try{t=localStorage.getItem('${THEME_KEY}')}catch{}
const d=t==='dark'||(t!=='light'&&matchMedia('(prefers-color-scheme: dark)').matches)
document.documentElement.dataset.theme=d?'dark':'light'})()`
