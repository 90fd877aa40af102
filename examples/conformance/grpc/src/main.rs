//! A gRPC service from its description.

mod greeting {
    tonic::include_proto!("greeting");
}

use greeting::greeter_server::{Greeter, SERVICE_NAME};
use prost::Message;
use tonic::{Request, Response, Status};

struct Echo;

#[tonic::async_trait]
impl Greeter for Echo {
    async fn greet(&self, request: Request<greeting::Greeting>) -> Result<Response<greeting::Greeting>, Status> {
        Ok(Response::new(request.into_inner()))
    }
}

fn said() -> String {
    let _ = greeting::greeter_server::GreeterServer::new(Echo);
    let greeting = greeting::Greeting { text: "hello".into() };
    format!("{SERVICE_NAME} {:?}", greeting.encode_to_vec())
}

fn main() {
    println!("{}", said());
}

#[test]
fn encoded() {
    assert_eq!(said(), "greeting.Greeter [10, 5, 104, 101, 108, 108, 111]");
}
