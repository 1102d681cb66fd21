"""The page, in parts; the only modules that import gradio, which `neural_style.studio.app` imports when it is started."""
