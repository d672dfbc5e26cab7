import { mount } from "svelte";
import App from "./shell/App.svelte";
import { lab } from "./engine/page/api";
import "./ui/tokens.css";

declare global {
  interface Window { lab: typeof lab }
}

const target = document.getElementById("app");
if (!target) throw new Error("The page has no place for the app.");
window.lab = lab;
mount(App, { target });
