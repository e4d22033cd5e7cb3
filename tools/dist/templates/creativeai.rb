class Creativeai < Formula
  desc "Batch submitter and reconciler for the CreativeAI video API"
  homepage "@HOMEPAGE@"
  version "@VERSION@"
  license "MIT"

  on_macos do
    on_arm do
      url "@URL aarch64-apple-darwin@"
      sha256 "@SHA256 aarch64-apple-darwin@"
    end
    on_intel do
      url "@URL x86_64-apple-darwin@"
      sha256 "@SHA256 x86_64-apple-darwin@"
    end
  end

  on_linux do
    depends_on arch: :x86_64
    url "@URL x86_64-unknown-linux-gnu@"
    sha256 "@SHA256 x86_64-unknown-linux-gnu@"
  end

  def install
    bin.install "creativeai"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/creativeai.bash" => "creativeai"
    zsh_completion.install "completions/_creativeai"
    fish_completion.install "completions/creativeai.fish"
    doc.install "docs", "examples", "THIRD-PARTY-LICENSES.txt"
  end

  test do
    assert_match "creativeai #{version}", shell_output("#{bin}/creativeai -V")
  end
end
