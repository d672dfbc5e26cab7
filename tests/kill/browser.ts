/** A browser with a profile of its own, whose process can be killed. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chromium, type Browser, type BrowserContext } from "@playwright/test";

export interface Running {
  process: ChildProcess;
  browser: Browser;
  /** The profile's own context: what it stores outlasts the browser. */
  context: BrowserContext;
  end(): Promise<void>;
}

const ARGUMENTS = [
  "--headless=new", "--remote-debugging-port=0", "--enable-unsafe-webgpu", "--no-sandbox", "--force-prefers-reduced-motion", "--lang=en",
  "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
];

/** Starts the browser of `CHROMIUM`, else Playwright's own, with the profile in `folder`. */
export async function start(folder: string): Promise<Running> {
  const child = spawn(process.env["CHROMIUM"] ?? chromium.executablePath(), [...ARGUMENTS, `--user-data-dir=${folder}`, "about:blank"], { stdio: ["ignore", "ignore", "pipe"] });
  const address = await new Promise<string>((resolve, reject) => {
    let said = "";
    child.stderr?.on("data", (part: Buffer) => {
      said += part.toString();
      const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (found) resolve(found);
    });
    child.once("exit", () => reject(new Error(`The browser ended: ${said}`)));
  });
  const browser = await chromium.connectOverCDP(address);
  const [context] = browser.contexts();
  if (!context) throw new Error("The browser has no context.");
  const end = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  return { process: child, browser, context, end };
}
