// Runs a Python program in Pyodide: node pyodide.mjs PYODIDE FOLDER PROGRAM. FOLDER is mounted as
// /here; whatever the program leaves in `result` is printed.
import { pathToFileURL } from "node:url";

const [pyodide, folder, program] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${pyodide}/pyodide.mjs`));
const python = await loadPyodide({ indexURL: pyodide });
python.FS.mkdirTree("/here");
python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, "/here");
python.runPython(python.FS.readFile(`/here/${program}`, { encoding: "utf8" }));
console.log(python.globals.get("result"));
